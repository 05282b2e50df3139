"""What the application form says in proportion: amounts, ages, family, contacts, neighbours."""

from __future__ import annotations

import numpy as np

from credit.dossier import Floats, Rows
from credit.features.declaration.concepts import Concept
from credit.features.declaration.feature import Risk, Unit
from credit.features.declaration.form_features import Form
from credit.features.expressions.nan_arithmetic import YEAR, ratio
from credit.features.expressions.vectorised import Sum, once
from credit.localised_text import Text
from credit.schema import NEVER
from credit.schema.application import DOCUMENTS, HOUSING_MEASURES

RATIOS = Form()

ADDRESSES = (
    "REG_REGION_NOT_LIVE_REGION", "REG_REGION_NOT_WORK_REGION", "LIVE_REGION_NOT_WORK_REGION",
    "REG_CITY_NOT_LIVE_CITY", "REG_CITY_NOT_WORK_CITY", "LIVE_CITY_NOT_WORK_CITY",
)  # fmt: skip
CONTACTS = (
    "FLAG_MOBIL",
    "FLAG_EMP_PHONE",
    "FLAG_WORK_PHONE",
    "FLAG_CONT_MOBILE",
    "FLAG_PHONE",
    "FLAG_EMAIL",
)
MEASURES = tuple(f"{measure}_AVG" for measure in HOUSING_MEASURES)
CHANGES = ("DAYS_REGISTRATION", "DAYS_ID_PUBLISH", "DAYS_LAST_PHONE_CHANGE")
PERIODS = ("HOUR", "DAY", "WEEK", "MON", "QRT", "YEAR")
ENQUIRIES = Sum.of(*(f"AMT_REQ_CREDIT_BUREAU_{period}" for period in PERIODS))
RECENT_ENQUIRIES = Sum.of(*(f"AMT_REQ_CREDIT_BUREAU_{period}" for period in PERIODS[:4]))
BEYOND_GOODS = Sum({"AMT_CREDIT": 1, "AMT_GOODS_PRICE": -1})
INCOME_LEFT = Sum({"AMT_INCOME_TOTAL": 1, "AMT_ANNUITY": -1})
CAR_AGE = Sum({"OWN_CAR_AGE": YEAR})
DAYS_IN_MONTH = YEAR / 12

# -- quotients of two answers --------------------------------------------------------------------

# fmt: off
RATIOS.ratio("instalment_to_income", Text("Mensualité sur revenu", "Instalment over income"), "AMT_ANNUITY", "AMT_INCOME_TOTAL", concept=Concept.AFFORDABILITY, risk=Risk.RISES)
RATIOS.ratio("credit_to_income", Text("Crédit sur revenu", "Credit over income"), "AMT_CREDIT", "AMT_INCOME_TOTAL", concept=Concept.AFFORDABILITY)
RATIOS.ratio("goods_to_income", Text("Prix du bien sur revenu", "Price of the goods over income"), "AMT_GOODS_PRICE", "AMT_INCOME_TOTAL", concept=Concept.AFFORDABILITY)
RATIOS.ratio("credit_to_instalment", Text("Nombre de mensualités (crédit sur mensualité)", "Number of instalments (credit over instalment)"), "AMT_CREDIT", "AMT_ANNUITY", concept=Concept.CREDIT_TERMS, unit=Unit.MONTHS)
RATIOS.ratio("goods_to_instalment", Text("Mensualités pour le prix du bien", "Instalments for the price of the goods"), "AMT_GOODS_PRICE", "AMT_ANNUITY", concept=Concept.CREDIT_TERMS, unit=Unit.MONTHS)
RATIOS.ratio("goods_to_credit", Text("Prix du bien sur crédit", "Price of the goods over credit"), "AMT_GOODS_PRICE", "AMT_CREDIT", concept=Concept.GOODS, risk=Risk.FALLS)
RATIOS.ratio("income_per_head", Text("Revenu par personne du foyer", "Income per household member"), "AMT_INCOME_TOTAL", "CNT_FAM_MEMBERS", concept=Concept.INCOME, unit=Unit.CURRENCY, risk=Risk.FALLS)
RATIOS.ratio("credit_per_head", Text("Crédit par personne du foyer", "Credit per household member"), "AMT_CREDIT", "CNT_FAM_MEMBERS", concept=Concept.CREDIT_AMOUNT, unit=Unit.CURRENCY)
RATIOS.ratio("instalment_per_head", Text("Mensualité par personne du foyer", "Instalment per household member"), "AMT_ANNUITY", "CNT_FAM_MEMBERS", concept=Concept.CREDIT_AMOUNT, unit=Unit.CURRENCY)
RATIOS.ratio("children_per_head", Text("Enfants par personne du foyer", "Children per household member"), "CNT_CHILDREN", "CNT_FAM_MEMBERS", concept=Concept.FAMILY, unit=Unit.SHARE)
RATIOS.ratio("employed_to_age", Text("Part de la vie passée dans l’emploi actuel", "Share of life in the present job"), "DAYS_EMPLOYED", "DAYS_BIRTH", concept=Concept.EMPLOYMENT, unit=Unit.SHARE, risk=Risk.FALLS)
RATIOS.ratio("employed_to_registered", Text("Ancienneté dans l’emploi sur temps depuis l’inscription", "Time in the present job over time since registration"), "DAYS_EMPLOYED", "DAYS_REGISTRATION", concept=Concept.EMPLOYMENT)
RATIOS.ratio("employed_to_identity", Text("Ancienneté dans l’emploi sur celle de la pièce d’identité", "Time in the present job over age of the identity document"), "DAYS_EMPLOYED", "DAYS_ID_PUBLISH", concept=Concept.EMPLOYMENT)
RATIOS.ratio("phone_to_employed", Text("Ancienneté du téléphone sur celle de l’emploi", "Age of the phone over time in the present job"), "DAYS_LAST_PHONE_CHANGE", "DAYS_EMPLOYED", concept=Concept.STABILITY)
RATIOS.ratio("phone_to_age", Text("Ancienneté du téléphone sur âge", "Age of the phone over age"), "DAYS_LAST_PHONE_CHANGE", "DAYS_BIRTH", concept=Concept.STABILITY, unit=Unit.SHARE, risk=Risk.FALLS)
RATIOS.ratio("phone_to_identity", Text("Ancienneté du téléphone sur celle de la pièce d’identité", "Age of the phone over age of the identity document"), "DAYS_LAST_PHONE_CHANGE", "DAYS_ID_PUBLISH", concept=Concept.STABILITY)
RATIOS.ratio("identity_to_age", Text("Ancienneté de la pièce d’identité sur âge", "Age of the identity document over age"), "DAYS_ID_PUBLISH", "DAYS_BIRTH", concept=Concept.STABILITY, unit=Unit.SHARE, risk=Risk.FALLS)
RATIOS.ratio("identity_to_registered", Text("Ancienneté de la pièce d’identité sur temps depuis l’inscription", "Age of the identity document over time since registration"), "DAYS_ID_PUBLISH", "DAYS_REGISTRATION", concept=Concept.STABILITY)
RATIOS.ratio("registered_to_age", Text("Ancienneté de l’inscription sur âge", "Time since registration over age"), "DAYS_REGISTRATION", "DAYS_BIRTH", concept=Concept.STABILITY, unit=Unit.SHARE, risk=Risk.FALLS)
RATIOS.ratio("circle_late_share", Text("Part de l’entourage en retard", "Share of the people around who are late"), "DEF_30_CNT_SOCIAL_CIRCLE", "OBS_30_CNT_SOCIAL_CIRCLE", concept=Concept.SOCIAL_CIRCLE, unit=Unit.SHARE, risk=Risk.RISES)
RATIOS.ratio("circle_very_late_share", Text("Part de l’entourage en retard de 60 jours", "Share of the people around who are 60 days late"), "DEF_60_CNT_SOCIAL_CIRCLE", "OBS_60_CNT_SOCIAL_CIRCLE", concept=Concept.SOCIAL_CIRCLE, unit=Unit.SHARE, risk=Risk.RISES)
# fmt: on


# -- employment ----------------------------------------------------------------------------------


@RATIOS.feature(
    Text("Sans emploi ni ancienneté (retraite surtout)", "No job (pensioners above all)"),
    unit=Unit.FLAG, concept=Concept.EMPLOYMENT,
)  # fmt: skip
def without_job(form: Rows) -> Floats:
    return form.says("DAYS_EMPLOYED", NEVER)


# fmt: off
RATIOS.number("age_when_hired", Text("Âge à l’embauche", "Age when hired"), Sum({"DAYS_EMPLOYED": 1, "DAYS_BIRTH": -1}), concept=Concept.EMPLOYMENT, unit=Unit.DAYS)
RATIOS.ratio("income_to_age", Text("Revenu par année d’âge", "Income per year of age"), Sum({"AMT_INCOME_TOTAL": YEAR}), Sum({"DAYS_BIRTH": -1}), concept=Concept.INCOME, unit=Unit.CURRENCY)
# fmt: on


# -- what the credit weighs ----------------------------------------------------------------------


# fmt: off
RATIOS.number("credit_beyond_goods", Text("Crédit au-delà du prix du bien", "Credit beyond the price of the goods"), BEYOND_GOODS, concept=Concept.GOODS, unit=Unit.CURRENCY, risk=Risk.RISES)
RATIOS.ratio("beyond_goods_to_income", Text("Crédit au-delà du prix du bien, sur revenu", "Credit beyond the price of the goods, over income"), BEYOND_GOODS, "AMT_INCOME_TOTAL", concept=Concept.GOODS, risk=Risk.RISES)
RATIOS.number("income_left", Text("Revenu moins mensualité", "Income less instalment"), INCOME_LEFT, concept=Concept.AFFORDABILITY, unit=Unit.CURRENCY, risk=Risk.FALLS)
RATIOS.ratio("income_left_per_head", Text("Revenu moins mensualité, par personne du foyer", "Income less instalment, per household member"), INCOME_LEFT, "CNT_FAM_MEMBERS", concept=Concept.AFFORDABILITY, unit=Unit.CURRENCY, risk=Risk.FALLS)
# fmt: on


@RATIOS.feature(
    Text("Âge à la fin du crédit", "Age when the credit ends"),
    unit=Unit.DAYS, concept=Concept.AGE,
)  # fmt: skip
def age_at_end(form: Rows) -> Floats:
    term = ratio(form["AMT_CREDIT"], form["AMT_ANNUITY"])
    return term * DAYS_IN_MONTH - form["DAYS_BIRTH"]


# -- family, stability, contacts -----------------------------------------------------------------


# fmt: off
RATIOS.number("adults", Text("Adultes du foyer", "Adults in the household"), Sum({"CNT_FAM_MEMBERS": 1, "CNT_CHILDREN": -1}), concept=Concept.FAMILY, unit=Unit.COUNT)
# fmt: on


@RATIOS.feature(
    Text("Temps depuis le dernier changement de coordonnées ou de papiers", "Time since the latest change of contacts or papers"),
    unit=Unit.DAYS, concept=Concept.STABILITY, risk=Risk.FALLS,
)  # fmt: skip
def since_change(form: Rows) -> Floats:
    return np.fmin.reduce([-form[column] for column in CHANGES])


# fmt: off
RATIOS.ratio("car_to_age", Text("Âge de la voiture sur âge", "Age of the car over age"), CAR_AGE, Sum({"DAYS_BIRTH": -1}), concept=Concept.CAR, risk=Risk.RISES)
RATIOS.ratio("car_to_employed", Text("Âge de la voiture sur ancienneté dans l’emploi", "Age of the car over time in the present job"), CAR_AGE, Sum({"DAYS_EMPLOYED": -1}), concept=Concept.CAR)
RATIOS.number("addresses_apart", Text("Écarts entre les adresses (nombre)", "Gaps between addresses (number)"), Sum.of(*ADDRESSES), concept=Concept.ADDRESSES, unit=Unit.COUNT, risk=Risk.RISES)
RATIOS.number("contacts_given", Text("Moyens de contact fournis", "Contacts given"), Sum.of(*CONTACTS), concept=Concept.CONTACT, unit=Unit.COUNT)
RATIOS.number("documents_given", Text("Documents fournis", "Documents given"), Sum.of(*(f"FLAG_DOCUMENT_{number}" for number in DOCUMENTS)), concept=Concept.DOCUMENTS, unit=Unit.COUNT)
RATIOS.number("city_less_region", Text("Note de la ville moins note de la région", "Rating of the city less rating of the region"), Sum({"REGION_RATING_CLIENT_W_CITY": 1, "REGION_RATING_CLIENT": -1}), concept=Concept.REGION, unit=Unit.RATING, risk=Risk.RISES)
# fmt: on


# -- enquiries, and what is left blank -----------------------------------------------------------


@once
def _building(form: Rows) -> Floats:
    return form.columns(MEASURES)


# fmt: off
RATIOS.number("enquiries_total", Text("Demandes au fichier des crédits (total)", "Credit bureau enquiries (total)"), ENQUIRIES, concept=Concept.ENQUIRIES, unit=Unit.COUNT, risk=Risk.RISES)
RATIOS.ratio("enquiries_recent_share", Text("Part récente des demandes au fichier des crédits", "Recent share of credit bureau enquiries"), RECENT_ENQUIRIES, ENQUIRIES, concept=Concept.ENQUIRIES, unit=Unit.SHARE, risk=Risk.RISES)
# fmt: on


@RATIOS.feature(
    Text("Description de l’immeuble inconnue", "Description of the building unknown"),
    unit=Unit.SHARE, concept=Concept.BUILDING, risk=Risk.RISES,
)  # fmt: skip
def building_unknown_share(form: Rows) -> Floats:
    return np.isnan(_building(form)).sum(axis=0) / len(MEASURES)


@RATIOS.feature(
    Text("Description de l’immeuble (moyenne)", "Description of the building (mean)"),
    unit=Unit.SHARE, concept=Concept.BUILDING, risk=Risk.FALLS,
)  # fmt: skip
def building_mean(form: Rows) -> Floats:
    measures = _building(form)
    known = ~np.isnan(measures)
    return ratio(np.where(known, measures, 0.0).sum(axis=0), known.sum(axis=0).astype(np.float64))
