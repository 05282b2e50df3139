"""Features that are raw columns of the application form."""

from __future__ import annotations

from credit.features.declaration.concepts import Concept
from credit.features.declaration.feature import RiskDirection
from credit.features.declaration.form_features import FormFeatures

FORM = FormFeatures()

FORM.add_column("income", "AMT_INCOME_TOTAL", Concept.INCOME)
FORM.add_column("credit", "AMT_CREDIT", Concept.CREDIT_AMOUNT)
FORM.add_column("instalment", "AMT_ANNUITY", Concept.CREDIT_AMOUNT)
FORM.add_column("goods_price", "AMT_GOODS_PRICE", Concept.CREDIT_AMOUNT)
FORM.add_column("age", "DAYS_BIRTH", Concept.AGE, RiskDirection.FALLS, sign=-1)
FORM.add_column("time_employed", "DAYS_EMPLOYED", Concept.EMPLOYMENT, RiskDirection.FALLS, sign=-1)
FORM.add_column(
    "time_registered", "DAYS_REGISTRATION", Concept.STABILITY, RiskDirection.FALLS, sign=-1
)
FORM.add_column("identity_age", "DAYS_ID_PUBLISH", Concept.STABILITY, RiskDirection.FALLS, sign=-1)
FORM.add_column(
    "phone_age", "DAYS_LAST_PHONE_CHANGE", Concept.STABILITY, RiskDirection.FALLS, sign=-1
)
FORM.add_column("external_score_1", "EXT_SOURCE_1", Concept.EXTERNAL_SCORES, RiskDirection.FALLS)
FORM.add_column("external_score_2", "EXT_SOURCE_2", Concept.EXTERNAL_SCORES, RiskDirection.FALLS)
FORM.add_column("external_score_3", "EXT_SOURCE_3", Concept.EXTERNAL_SCORES, RiskDirection.FALLS)
FORM.add_column("children", "CNT_CHILDREN", Concept.FAMILY)
FORM.add_column("household", "CNT_FAM_MEMBERS", Concept.FAMILY)
FORM.add_column("owns_car", "FLAG_OWN_CAR", Concept.CAR, RiskDirection.FALLS)
FORM.add_column("car_age", "OWN_CAR_AGE", Concept.CAR, RiskDirection.RISES)
FORM.add_column("owns_home", "FLAG_OWN_REALTY", Concept.HOUSING)
FORM.add_column("region_rating", "REGION_RATING_CLIENT", Concept.REGION, RiskDirection.RISES)
FORM.add_column("city_rating", "REGION_RATING_CLIENT_W_CITY", Concept.REGION, RiskDirection.RISES)
FORM.add_column("region_population", "REGION_POPULATION_RELATIVE", Concept.REGION)
FORM.add_column("work_number", "FLAG_EMP_PHONE", Concept.CONTACT)
FORM.add_column("second_work_number", "FLAG_WORK_PHONE", Concept.CONTACT)
FORM.add_column("home_number", "FLAG_PHONE", Concept.CONTACT)
FORM.add_column("email", "FLAG_EMAIL", Concept.CONTACT)
FORM.add_column("hour", "HOUR_APPR_PROCESS_START", Concept.TIMING)
FORM.add_column("live_other_region", "REG_REGION_NOT_LIVE_REGION", Concept.ADDRESSES)
FORM.add_column("work_other_region", "REG_REGION_NOT_WORK_REGION", Concept.ADDRESSES)
FORM.add_column(
    "live_other_city", "REG_CITY_NOT_LIVE_CITY", Concept.ADDRESSES, RiskDirection.RISES
)
FORM.add_column(
    "work_other_city", "REG_CITY_NOT_WORK_CITY", Concept.ADDRESSES, RiskDirection.RISES
)
FORM.add_column("work_away_from_home", "LIVE_CITY_NOT_WORK_CITY", Concept.ADDRESSES)
FORM.add_column("circle_observed_30", "OBS_30_CNT_SOCIAL_CIRCLE", Concept.SOCIAL_CIRCLE)
FORM.add_column(
    "circle_late_30", "DEF_30_CNT_SOCIAL_CIRCLE", Concept.SOCIAL_CIRCLE, RiskDirection.RISES
)
FORM.add_column(
    "circle_late_60", "DEF_60_CNT_SOCIAL_CIRCLE", Concept.SOCIAL_CIRCLE, RiskDirection.RISES
)
for _period in ("WEEK", "MON", "QRT", "YEAR"):
    FORM.add_column(
        f"enquiries_{_period.lower()}", f"AMT_REQ_CREDIT_BUREAU_{_period}", Concept.ENQUIRIES
    )
for _number in (3, 5, 6, 8, 13, 14, 16, 18):
    FORM.add_column(f"document_{_number}", f"FLAG_DOCUMENT_{_number}", Concept.DOCUMENTS)
# Only two building measures: the others add more cost than information. Their mean is in
# `application_ratios`.
FORM.add_column("building_floors", "FLOORSMAX_AVG", Concept.BUILDING)
FORM.add_column("building_total_area", "TOTALAREA_MODE", Concept.BUILDING)

FORM.add_column("contract_type", "NAME_CONTRACT_TYPE", Concept.CONTRACT)
FORM.add_column("income_type", "NAME_INCOME_TYPE", Concept.EMPLOYMENT)
FORM.add_column("education", "NAME_EDUCATION_TYPE", Concept.EDUCATION)
FORM.add_column("family_status", "NAME_FAMILY_STATUS", Concept.FAMILY)
FORM.add_column("housing", "NAME_HOUSING_TYPE", Concept.HOUSING)
FORM.add_column("accompanied_by", "NAME_TYPE_SUITE", Concept.COMPANY)
FORM.add_column("occupation", "OCCUPATION_TYPE", Concept.OCCUPATION)
FORM.add_column("employer_sector", "ORGANIZATION_TYPE", Concept.OCCUPATION)
FORM.add_column("weekday", "WEEKDAY_APPR_PROCESS_START", Concept.TIMING)
FORM.add_column("building_repair_fund", "FONDKAPREMONT_MODE", Concept.BUILDING)
FORM.add_column("building_walls", "WALLSMATERIAL_MODE", Concept.BUILDING)
