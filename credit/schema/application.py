"""The application form: one row per client."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from credit.localised_text import Text
from credit.schema.declaration import (
    NEVER_DAYS,
    Column,
    Provider,
    amount_column,
    category_column,
    days_column,
    declare_table,
    flag_column,
    id_column,
    integer_column,
    number_column,
    yes_no_column,
)

TARGET = integer_column(
    "TARGET", "1 when the client had difficulties, else 0", unit="flag", high=1, required=True
)
"""Label of the training rows; rejected in requests."""

HOUSING_MEASURES = {
    "APARTMENTS": Text("Appartements", "Apartments"),
    "BASEMENTAREA": Text("Surface de sous-sol", "Basement area"),
    "YEARS_BEGINEXPLUATATION": Text("Âge de mise en service", "Years in use"),
    "YEARS_BUILD": Text("Année de construction", "Year built"),
    "COMMONAREA": Text("Parties communes", "Common area"),
    "ELEVATORS": Text("Ascenseurs", "Lifts"),
    "ENTRANCES": Text("Entrées", "Entrances"),
    "FLOORSMAX": Text("Nombre d’étages maximal", "Highest number of floors"),
    "FLOORSMIN": Text("Nombre d’étages minimal", "Lowest number of floors"),
    "LANDAREA": Text("Surface du terrain", "Land area"),
    "LIVINGAPARTMENTS": Text("Logements habités", "Living apartments"),
    "LIVINGAREA": Text("Surface habitable", "Living area"),
    "NONLIVINGAPARTMENTS": Text("Locaux non habités", "Non-living apartments"),
    "NONLIVINGAREA": Text("Surface non habitable", "Non-living area"),
}
"""Measures of the client's building, each normalised by the source to 0..1."""

HOUSING_STATISTICS = {
    "AVG": Text("moyenne", "average"),
    "MODE": Text("valeur la plus fréquente", "most frequent value"),
    "MEDI": Text("médiane", "median"),
}

DOCUMENT_NUMBERS = range(2, 22)


def _declare_housing() -> Iterator[Column]:
    for suffix, statistic in HOUSING_STATISTICS.items():
        for measure, label in HOUSING_MEASURES.items():
            yield number_column(
                f"{measure}_{suffix}",
                f"{label.en} of the building, {statistic.en}, normalised",
                unit="share",
                low=0,
                high=1,
                label=Text(
                    f"Immeuble : {label.fr.lower()} ({statistic.fr})",
                    f"Building: {label.en.lower()} ({statistic.en})",
                ),
            )
    yield number_column(
        "TOTALAREA_MODE",
        "Total area of the building, normalised",
        unit="share",
        low=0,
        high=1,
        label=Text("Immeuble : surface totale", "Building: total area"),
    )
    yield category_column(
        "FONDKAPREMONT_MODE",
        "How the building's repair fund is kept",
        label=Text("Immeuble : fonds de travaux", "Building: repair fund"),
    )
    yield category_column(
        "HOUSETYPE_MODE", "Type of building", label=Text("Type d’immeuble", "Type of building")
    )
    yield category_column(
        "WALLSMATERIAL_MODE",
        "Material of the walls",
        label=Text("Matériau des murs", "Wall material"),
    )
    yield category_column(
        "EMERGENCYSTATE_MODE",
        "Whether the building is in a state of emergency",
        label=Text("Immeuble en péril", "Building in emergency state"),
    )


def _declare_social_circle() -> Iterator[Column]:
    for past_due in (30, 60):
        yield integer_column(
            f"OBS_{past_due}_CNT_SOCIAL_CIRCLE",
            f"People around the client observed for {past_due} days past due",
            high=10_000,
            label=Text(
                f"Entourage observé ({past_due} jours)",
                f"People around, observed ({past_due} days)",
            ),
        )
        yield integer_column(
            f"DEF_{past_due}_CNT_SOCIAL_CIRCLE",
            f"Of them, those who were {past_due} days past due",
            high=10_000,
            label=Text(
                f"Entourage en retard de {past_due} jours", f"People around, {past_due} days late"
            ),
        )


def _declare_enquiries() -> Iterator[Column]:
    periods = {
        "HOUR": Text("la dernière heure", "the last hour"),
        "DAY": Text(
            "le dernier jour, sauf la dernière heure", "the last day, but for its last hour"
        ),
        "WEEK": Text(
            "la dernière semaine, sauf le dernier jour", "the last week, but for its last day"
        ),
        "MON": Text(
            "le dernier mois, sauf la dernière semaine", "the last month, but for its last week"
        ),
        "QRT": Text(
            "le dernier trimestre, sauf le dernier mois",
            "the last quarter, but for its last month",
        ),
        "YEAR": Text(
            "la dernière année, sauf le dernier trimestre",
            "the last year, but for its last quarter",
        ),
    }
    for suffix, period in periods.items():
        yield integer_column(
            f"AMT_REQ_CREDIT_BUREAU_{suffix}",
            f"Enquiries about the client at the credit bureau in {period.en}",
            high=10_000,
            label=Text(
                f"Demandes au fichier des crédits, {period.fr}",
                f"Credit bureau enquiries, {period.en}",
            ),
        )


def _list_other_providers() -> dict[str, Provider]:
    """Return the columns that the applicant does not state, with who states them."""
    lender = [
        "REGION_POPULATION_RELATIVE", "REGION_RATING_CLIENT", "REGION_RATING_CLIENT_W_CITY",
        "WEEKDAY_APPR_PROCESS_START", "HOUR_APPR_PROCESS_START", "FLAG_CONT_MOBILE",
        *(column.name for column in _declare_social_circle()),
        *(f"FLAG_DOCUMENT_{number}" for number in DOCUMENT_NUMBERS),
    ]  # fmt: skip
    outside = [
        *(f"EXT_SOURCE_{number}" for number in (1, 2, 3)),
        *(column.name for column in (*_declare_housing(), *_declare_enquiries())),
    ]
    return dict.fromkeys(lender, Provider.LENDER) | dict.fromkeys(outside, Provider.OUTSIDE)


def _unless(column: Column, other: str, value: float) -> Column:
    """Return a column that does not apply where another column has a value."""
    return replace(column, not_applicable_when=(other, value))


def _above_zero(column: Column) -> Column:
    """Return a column in which 0 means unknown."""
    return replace(column, zero_is_unknown=True)


APPLICATION = declare_table(
    "application",
    "What the client asks for and tells of himself",
    id_column("SK_ID_CURR", "The client", required=False),
    category_column("NAME_CONTRACT_TYPE", "Cash loan or revolving credit", label=Text("Type de crédit", "Type of credit")),
    category_column("CODE_GENDER", "Sex. Never a feature; kept for the fairness audit", unknown=("XNA",),
             label=Text("Sexe", "Sex")),
    yes_no_column("FLAG_OWN_CAR", "Owns a car", Text("Possède une voiture", "Owns a car")),
    yes_no_column("FLAG_OWN_REALTY", "Owns a house or a flat", Text("Propriétaire", "Owns a home")),
    integer_column("CNT_CHILDREN", "Children", high=100, label=Text("Enfants à charge", "Children")),
    amount_column("AMT_INCOME_TOTAL", "Income", label=Text("Revenus", "Income")),
    _above_zero(amount_column("AMT_CREDIT", "Amount of the credit", label=Text("Montant du crédit", "Credit amount"))),
    _above_zero(amount_column("AMT_ANNUITY", "Instalment of the credit", label=Text("Mensualité", "Instalment"))),
    _above_zero(amount_column("AMT_GOODS_PRICE", "Price of what the credit pays for", label=Text("Prix du bien", "Price of the goods"))),
    category_column("NAME_TYPE_SUITE", "Who came with the client", label=Text("Accompagné par", "Accompanied by")),
    category_column("NAME_INCOME_TYPE", "Where the income comes from", label=Text("Source de revenus", "Income type")),
    category_column("NAME_EDUCATION_TYPE", "Highest education", label=Text("Niveau d’études", "Education")),
    category_column("NAME_FAMILY_STATUS", "Family status", unknown=("Unknown",), label=Text("Situation familiale", "Family status")),
    category_column("NAME_HOUSING_TYPE", "Where the client lives", label=Text("Logement", "Housing")),
    number_column("REGION_POPULATION_RELATIVE", "Population of the client's region, normalised", unit="share",
           low=0, high=1, label=Text("Population de la région", "Population of the region")),
    days_column("DAYS_BIRTH", "Birth", high=-1, label=Text("Âge", "Age")),
    days_column("DAYS_EMPLOYED", "Start of the present job", never="has no job: pensioners above all",
         label=Text("Ancienneté dans l’emploi", "Time in the present job")),
    days_column("DAYS_REGISTRATION", "Last change of registration", label=Text("Ancienneté de l’inscription", "Time since registration changed")),
    days_column("DAYS_ID_PUBLISH", "Last change of identity document", label=Text("Ancienneté de la pièce d’identité", "Age of the identity document")),
    _unless(integer_column("OWN_CAR_AGE", "Age of the car", unit="years", high=150, label=Text("Âge de la voiture", "Age of the car")), "FLAG_OWN_CAR", 0),
    flag_column("FLAG_MOBIL", "Gave a mobile number", Text("Numéro de mobile fourni", "Mobile number given")),
    flag_column("FLAG_EMP_PHONE", "Gave a number at work", Text("Téléphone professionnel fourni", "Work number given")),
    flag_column("FLAG_WORK_PHONE", "Gave a second number at work", Text("Second téléphone professionnel fourni", "Second work number given")),
    flag_column("FLAG_CONT_MOBILE", "Mobile could be reached", Text("Mobile joignable", "Mobile reachable")),
    flag_column("FLAG_PHONE", "Gave a number at home", Text("Téléphone fixe fourni", "Home number given")),
    flag_column("FLAG_EMAIL", "Gave an e-mail address", Text("Adresse e-mail fournie", "E-mail given")),
    _unless(category_column("OCCUPATION_TYPE", "Occupation", label=Text("Profession", "Occupation")), "DAYS_EMPLOYED", NEVER_DAYS),
    _above_zero(integer_column("CNT_FAM_MEMBERS", "Members of the household", high=100, label=Text("Personnes au foyer", "Household members"))),
    integer_column("REGION_RATING_CLIENT", "Our rating of the region, 3 being worst", unit="rating", low=1, high=3,
            label=Text("Classe de la région", "Rating of the region")),
    integer_column("REGION_RATING_CLIENT_W_CITY", "Our rating of region and city, 3 being worst", unit="rating", low=1, high=3,
            sentinels={-1: "not rated"}, label=Text("Classe de la région et de la ville", "Rating of region and city")),
    category_column("WEEKDAY_APPR_PROCESS_START", "Weekday of the application", label=Text("Jour de la demande", "Weekday of the application")),
    integer_column("HOUR_APPR_PROCESS_START", "Hour of the application", unit="hour", high=23, label=Text("Heure de la demande", "Hour of the application")),
    flag_column("REG_REGION_NOT_LIVE_REGION", "Registered in another region than lives in", Text("Région d’inscription ≠ région de résidence", "Registered and living regions differ")),
    flag_column("REG_REGION_NOT_WORK_REGION", "Registered in another region than works in", Text("Région d’inscription ≠ région de travail", "Registered and working regions differ")),
    flag_column("LIVE_REGION_NOT_WORK_REGION", "Lives in another region than works in", Text("Région de résidence ≠ région de travail", "Living and working regions differ")),
    flag_column("REG_CITY_NOT_LIVE_CITY", "Registered in another city than lives in", Text("Ville d’inscription ≠ ville de résidence", "Registered and living cities differ")),
    flag_column("REG_CITY_NOT_WORK_CITY", "Registered in another city than works in", Text("Ville d’inscription ≠ ville de travail", "Registered and working cities differ")),
    flag_column("LIVE_CITY_NOT_WORK_CITY", "Lives in another city than works in", Text("Ville de résidence ≠ ville de travail", "Living and working cities differ")),
    _unless(category_column("ORGANIZATION_TYPE", "Type of employer", unknown=("XNA",), label=Text("Secteur de l’employeur", "Employer's sector")), "DAYS_EMPLOYED", NEVER_DAYS),
    (number_column(f"EXT_SOURCE_{n}", "Score from an outside source, higher is safer", unit="score", low=0, high=1,
            label=Text(f"Note externe n° {n}", f"External score {n}")) for n in (1, 2, 3)),
    _declare_housing(),
    _declare_social_circle(),
    days_column("DAYS_LAST_PHONE_CHANGE", "Last change of phone", label=Text("Ancienneté du téléphone", "Time since the phone changed")),
    (flag_column(f"FLAG_DOCUMENT_{n}", f"Gave document {n}", Text(f"Document n° {n} fourni", f"Document {n} given")) for n in DOCUMENT_NUMBERS),
    _declare_enquiries(),
    primary_key=("SK_ID_CURR",),
    stated_by=Provider.APPLICANT,
    exceptions=_list_other_providers(),
)  # fmt: skip
