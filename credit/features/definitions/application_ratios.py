"""Features computed from several columns of the application form: ratios, differences, counts."""

from __future__ import annotations

import numpy as np

from credit.dossier import Floats, Rows
from credit.features.declaration.concepts import Concept
from credit.features.declaration.feature import RiskDirection, Unit
from credit.features.declaration.form_features import FormFeatures
from credit.features.expressions.nan_arithmetic import DAYS_PER_YEAR, divide_or_nan
from credit.features.expressions.vectorised import WeightedSum, memoise_per_rows
from credit.localised_text import Text
from credit.schema import NEVER_DAYS
from credit.schema.application import DOCUMENT_NUMBERS, HOUSING_MEASURES

RATIOS = FormFeatures()

ADDRESS_MISMATCH_COLUMNS = (
    "REG_REGION_NOT_LIVE_REGION", "REG_REGION_NOT_WORK_REGION", "LIVE_REGION_NOT_WORK_REGION",
    "REG_CITY_NOT_LIVE_CITY", "REG_CITY_NOT_WORK_CITY", "LIVE_CITY_NOT_WORK_CITY",
)  # fmt: skip
CONTACT_COLUMNS = (
    "FLAG_MOBIL",
    "FLAG_EMP_PHONE",
    "FLAG_WORK_PHONE",
    "FLAG_CONT_MOBILE",
    "FLAG_PHONE",
    "FLAG_EMAIL",
)
BUILDING_COLUMNS = tuple(f"{measure}_AVG" for measure in HOUSING_MEASURES)
CHANGE_DATE_COLUMNS = ("DAYS_REGISTRATION", "DAYS_ID_PUBLISH", "DAYS_LAST_PHONE_CHANGE")
ENQUIRY_PERIODS = ("HOUR", "DAY", "WEEK", "MON", "QRT", "YEAR")
TOTAL_ENQUIRIES = WeightedSum.from_columns(
    *(f"AMT_REQ_CREDIT_BUREAU_{period}" for period in ENQUIRY_PERIODS)
)
RECENT_ENQUIRIES = WeightedSum.from_columns(
    *(f"AMT_REQ_CREDIT_BUREAU_{period}" for period in ENQUIRY_PERIODS[:4])
)
CREDIT_BEYOND_GOODS = WeightedSum({"AMT_CREDIT": 1, "AMT_GOODS_PRICE": -1})
INCOME_AFTER_INSTALMENT = WeightedSum({"AMT_INCOME_TOTAL": 1, "AMT_ANNUITY": -1})
CAR_AGE_DAYS = WeightedSum({"OWN_CAR_AGE": DAYS_PER_YEAR})
DAYS_PER_MONTH = DAYS_PER_YEAR / 12

# -- ratios of two columns ------------------------------------------------------------------------

# fmt: off
RATIOS.add_ratio("instalment_to_income", Text("Mensualité sur revenu", "Instalment over income"), "AMT_ANNUITY", "AMT_INCOME_TOTAL", concept=Concept.AFFORDABILITY, risk=RiskDirection.RISES)
RATIOS.add_ratio("credit_to_income", Text("Crédit sur revenu", "Credit over income"), "AMT_CREDIT", "AMT_INCOME_TOTAL", concept=Concept.AFFORDABILITY)
RATIOS.add_ratio("goods_to_income", Text("Prix du bien sur revenu", "Price of the goods over income"), "AMT_GOODS_PRICE", "AMT_INCOME_TOTAL", concept=Concept.AFFORDABILITY)
RATIOS.add_ratio("credit_to_instalment", Text("Nombre de mensualités (crédit sur mensualité)", "Number of instalments (credit over instalment)"), "AMT_CREDIT", "AMT_ANNUITY", concept=Concept.CREDIT_TERMS, unit=Unit.MONTHS)
RATIOS.add_ratio("goods_to_instalment", Text("Mensualités pour le prix du bien", "Instalments for the price of the goods"), "AMT_GOODS_PRICE", "AMT_ANNUITY", concept=Concept.CREDIT_TERMS, unit=Unit.MONTHS)
RATIOS.add_ratio("goods_to_credit", Text("Prix du bien sur crédit", "Price of the goods over credit"), "AMT_GOODS_PRICE", "AMT_CREDIT", concept=Concept.GOODS, risk=RiskDirection.FALLS)
RATIOS.add_ratio("income_per_head", Text("Revenu par personne du foyer", "Income per household member"), "AMT_INCOME_TOTAL", "CNT_FAM_MEMBERS", concept=Concept.INCOME, unit=Unit.CURRENCY, risk=RiskDirection.FALLS)
RATIOS.add_ratio("credit_per_head", Text("Crédit par personne du foyer", "Credit per household member"), "AMT_CREDIT", "CNT_FAM_MEMBERS", concept=Concept.CREDIT_AMOUNT, unit=Unit.CURRENCY)
RATIOS.add_ratio("instalment_per_head", Text("Mensualité par personne du foyer", "Instalment per household member"), "AMT_ANNUITY", "CNT_FAM_MEMBERS", concept=Concept.CREDIT_AMOUNT, unit=Unit.CURRENCY)
RATIOS.add_ratio("children_per_head", Text("Enfants par personne du foyer", "Children per household member"), "CNT_CHILDREN", "CNT_FAM_MEMBERS", concept=Concept.FAMILY, unit=Unit.SHARE)
RATIOS.add_ratio("employed_to_age", Text("Part de la vie passée dans l’emploi actuel", "Share of life in the present job"), "DAYS_EMPLOYED", "DAYS_BIRTH", concept=Concept.EMPLOYMENT, unit=Unit.SHARE, risk=RiskDirection.FALLS)
RATIOS.add_ratio("employed_to_registered", Text("Ancienneté dans l’emploi sur temps depuis l’inscription", "Time in the present job over time since registration"), "DAYS_EMPLOYED", "DAYS_REGISTRATION", concept=Concept.EMPLOYMENT)
RATIOS.add_ratio("employed_to_identity", Text("Ancienneté dans l’emploi sur celle de la pièce d’identité", "Time in the present job over age of the identity document"), "DAYS_EMPLOYED", "DAYS_ID_PUBLISH", concept=Concept.EMPLOYMENT)
RATIOS.add_ratio("phone_to_employed", Text("Ancienneté du téléphone sur celle de l’emploi", "Age of the phone over time in the present job"), "DAYS_LAST_PHONE_CHANGE", "DAYS_EMPLOYED", concept=Concept.STABILITY)
RATIOS.add_ratio("phone_to_age", Text("Ancienneté du téléphone sur âge", "Age of the phone over age"), "DAYS_LAST_PHONE_CHANGE", "DAYS_BIRTH", concept=Concept.STABILITY, unit=Unit.SHARE, risk=RiskDirection.FALLS)
RATIOS.add_ratio("phone_to_identity", Text("Ancienneté du téléphone sur celle de la pièce d’identité", "Age of the phone over age of the identity document"), "DAYS_LAST_PHONE_CHANGE", "DAYS_ID_PUBLISH", concept=Concept.STABILITY)
RATIOS.add_ratio("identity_to_age", Text("Ancienneté de la pièce d’identité sur âge", "Age of the identity document over age"), "DAYS_ID_PUBLISH", "DAYS_BIRTH", concept=Concept.STABILITY, unit=Unit.SHARE, risk=RiskDirection.FALLS)
RATIOS.add_ratio("identity_to_registered", Text("Ancienneté de la pièce d’identité sur temps depuis l’inscription", "Age of the identity document over time since registration"), "DAYS_ID_PUBLISH", "DAYS_REGISTRATION", concept=Concept.STABILITY)
RATIOS.add_ratio("registered_to_age", Text("Ancienneté de l’inscription sur âge", "Time since registration over age"), "DAYS_REGISTRATION", "DAYS_BIRTH", concept=Concept.STABILITY, unit=Unit.SHARE, risk=RiskDirection.FALLS)
RATIOS.add_ratio("circle_late_share", Text("Part de l’entourage en retard", "Share of the people around who are late"), "DEF_30_CNT_SOCIAL_CIRCLE", "OBS_30_CNT_SOCIAL_CIRCLE", concept=Concept.SOCIAL_CIRCLE, unit=Unit.SHARE, risk=RiskDirection.RISES)
RATIOS.add_ratio("circle_very_late_share", Text("Part de l’entourage en retard de 60 jours", "Share of the people around who are 60 days late"), "DEF_60_CNT_SOCIAL_CIRCLE", "OBS_60_CNT_SOCIAL_CIRCLE", concept=Concept.SOCIAL_CIRCLE, unit=Unit.SHARE, risk=RiskDirection.RISES)
# fmt: on


# -- employment ----------------------------------------------------------------------------------


@RATIOS.feature(
    Text("Sans emploi ni ancienneté (retraite surtout)", "No job (pensioners above all)"),
    unit=Unit.FLAG, concept=Concept.EMPLOYMENT,
)  # fmt: skip
def without_job(form: Rows) -> Floats:
    return form.flag_sentinel("DAYS_EMPLOYED", NEVER_DAYS)


# fmt: off
RATIOS.add_feature("age_when_hired", Text("Âge à l’embauche", "Age when hired"), WeightedSum({"DAYS_EMPLOYED": 1, "DAYS_BIRTH": -1}), concept=Concept.EMPLOYMENT, unit=Unit.DAYS)
RATIOS.add_ratio("income_to_age", Text("Revenu par année d’âge", "Income per year of age"), WeightedSum({"AMT_INCOME_TOTAL": DAYS_PER_YEAR}), WeightedSum({"DAYS_BIRTH": -1}), concept=Concept.INCOME, unit=Unit.CURRENCY)
# fmt: on


# -- credit against goods and income --------------------------------------------------------------


# fmt: off
RATIOS.add_feature("credit_beyond_goods", Text("Crédit au-delà du prix du bien", "Credit beyond the price of the goods"), CREDIT_BEYOND_GOODS, concept=Concept.GOODS, unit=Unit.CURRENCY, risk=RiskDirection.RISES)
RATIOS.add_ratio("beyond_goods_to_income", Text("Crédit au-delà du prix du bien, sur revenu", "Credit beyond the price of the goods, over income"), CREDIT_BEYOND_GOODS, "AMT_INCOME_TOTAL", concept=Concept.GOODS, risk=RiskDirection.RISES)
RATIOS.add_feature("income_left", Text("Revenu moins mensualité", "Income less instalment"), INCOME_AFTER_INSTALMENT, concept=Concept.AFFORDABILITY, unit=Unit.CURRENCY, risk=RiskDirection.FALLS)
RATIOS.add_ratio("income_left_per_head", Text("Revenu moins mensualité, par personne du foyer", "Income less instalment, per household member"), INCOME_AFTER_INSTALMENT, "CNT_FAM_MEMBERS", concept=Concept.AFFORDABILITY, unit=Unit.CURRENCY, risk=RiskDirection.FALLS)
# fmt: on


@RATIOS.feature(
    Text("Âge à la fin du crédit", "Age when the credit ends"),
    unit=Unit.DAYS, concept=Concept.AGE,
)  # fmt: skip
def age_at_end(form: Rows) -> Floats:
    term = divide_or_nan(form["AMT_CREDIT"], form["AMT_ANNUITY"])
    return term * DAYS_PER_MONTH - form["DAYS_BIRTH"]


# -- family, stability, contacts -----------------------------------------------------------------


# fmt: off
RATIOS.add_feature("adults", Text("Adultes du foyer", "Adults in the household"), WeightedSum({"CNT_FAM_MEMBERS": 1, "CNT_CHILDREN": -1}), concept=Concept.FAMILY, unit=Unit.COUNT)
# fmt: on


@RATIOS.feature(
    Text("Temps depuis le dernier changement de coordonnées ou de papiers", "Time since the latest change of contacts or papers"),
    unit=Unit.DAYS, concept=Concept.STABILITY, risk=RiskDirection.FALLS,
)  # fmt: skip
def since_change(form: Rows) -> Floats:
    return np.fmin.reduce([-form[column] for column in CHANGE_DATE_COLUMNS])


# fmt: off
RATIOS.add_ratio("car_to_age", Text("Âge de la voiture sur âge", "Age of the car over age"), CAR_AGE_DAYS, WeightedSum({"DAYS_BIRTH": -1}), concept=Concept.CAR, risk=RiskDirection.RISES)
RATIOS.add_ratio("car_to_employed", Text("Âge de la voiture sur ancienneté dans l’emploi", "Age of the car over time in the present job"), CAR_AGE_DAYS, WeightedSum({"DAYS_EMPLOYED": -1}), concept=Concept.CAR)
RATIOS.add_feature("addresses_apart", Text("Écarts entre les adresses (nombre)", "Gaps between addresses (number)"), WeightedSum.from_columns(*ADDRESS_MISMATCH_COLUMNS), concept=Concept.ADDRESSES, unit=Unit.COUNT, risk=RiskDirection.RISES)
RATIOS.add_feature("contacts_given", Text("Moyens de contact fournis", "Contacts given"), WeightedSum.from_columns(*CONTACT_COLUMNS), concept=Concept.CONTACT, unit=Unit.COUNT)
RATIOS.add_feature("documents_given", Text("Documents fournis", "Documents given"), WeightedSum.from_columns(*(f"FLAG_DOCUMENT_{number}" for number in DOCUMENT_NUMBERS)), concept=Concept.DOCUMENTS, unit=Unit.COUNT)
RATIOS.add_feature("city_less_region", Text("Note de la ville moins note de la région", "Rating of the city less rating of the region"), WeightedSum({"REGION_RATING_CLIENT_W_CITY": 1, "REGION_RATING_CLIENT": -1}), concept=Concept.REGION, unit=Unit.RATING, risk=RiskDirection.RISES)
# fmt: on


# -- enquiries and building -----------------------------------------------------------------------


@memoise_per_rows
def _get_building_measures(form: Rows) -> Floats:
    return form.select_columns(BUILDING_COLUMNS)


# fmt: off
RATIOS.add_feature("enquiries_total", Text("Demandes au fichier des crédits (total)", "Credit bureau enquiries (total)"), TOTAL_ENQUIRIES, concept=Concept.ENQUIRIES, unit=Unit.COUNT, risk=RiskDirection.RISES)
RATIOS.add_ratio("enquiries_recent_share", Text("Part récente des demandes au fichier des crédits", "Recent share of credit bureau enquiries"), RECENT_ENQUIRIES, TOTAL_ENQUIRIES, concept=Concept.ENQUIRIES, unit=Unit.SHARE, risk=RiskDirection.RISES)
# fmt: on


@RATIOS.feature(
    Text("Description de l’immeuble inconnue", "Description of the building unknown"),
    unit=Unit.SHARE, concept=Concept.BUILDING, risk=RiskDirection.RISES,
)  # fmt: skip
def building_unknown_share(form: Rows) -> Floats:
    return np.isnan(_get_building_measures(form)).sum(axis=0) / len(BUILDING_COLUMNS)


@RATIOS.feature(
    Text("Description de l’immeuble (moyenne)", "Description of the building (mean)"),
    unit=Unit.SHARE, concept=Concept.BUILDING, risk=RiskDirection.FALLS,
)  # fmt: skip
def building_mean(form: Rows) -> Floats:
    measures = _get_building_measures(form)
    known = ~np.isnan(measures)
    return divide_or_nan(
        np.where(known, measures, 0.0).sum(axis=0), known.sum(axis=0).astype(np.float64)
    )
