"""What the application form says, as it is."""

from __future__ import annotations

from credit.features.declaration.concepts import Concept
from credit.features.declaration.feature import Risk
from credit.features.declaration.form_features import Form

FORM = Form()

FORM.column("income", "AMT_INCOME_TOTAL", Concept.INCOME)
FORM.column("credit", "AMT_CREDIT", Concept.CREDIT_AMOUNT)
FORM.column("instalment", "AMT_ANNUITY", Concept.CREDIT_AMOUNT)
FORM.column("goods_price", "AMT_GOODS_PRICE", Concept.CREDIT_AMOUNT)
FORM.column("age", "DAYS_BIRTH", Concept.AGE, Risk.FALLS, sign=-1)
FORM.column("time_employed", "DAYS_EMPLOYED", Concept.EMPLOYMENT, Risk.FALLS, sign=-1)
FORM.column("time_registered", "DAYS_REGISTRATION", Concept.STABILITY, Risk.FALLS, sign=-1)
FORM.column("identity_age", "DAYS_ID_PUBLISH", Concept.STABILITY, Risk.FALLS, sign=-1)
FORM.column("phone_age", "DAYS_LAST_PHONE_CHANGE", Concept.STABILITY, Risk.FALLS, sign=-1)
FORM.column("external_score_1", "EXT_SOURCE_1", Concept.EXTERNAL_SCORES, Risk.FALLS)
FORM.column("external_score_2", "EXT_SOURCE_2", Concept.EXTERNAL_SCORES, Risk.FALLS)
FORM.column("external_score_3", "EXT_SOURCE_3", Concept.EXTERNAL_SCORES, Risk.FALLS)
FORM.column("children", "CNT_CHILDREN", Concept.FAMILY)
FORM.column("household", "CNT_FAM_MEMBERS", Concept.FAMILY)
FORM.column("owns_car", "FLAG_OWN_CAR", Concept.CAR, Risk.FALLS)
FORM.column("car_age", "OWN_CAR_AGE", Concept.CAR, Risk.RISES)
FORM.column("owns_home", "FLAG_OWN_REALTY", Concept.HOUSING)
FORM.column("region_rating", "REGION_RATING_CLIENT", Concept.REGION, Risk.RISES)
FORM.column("city_rating", "REGION_RATING_CLIENT_W_CITY", Concept.REGION, Risk.RISES)
FORM.column("region_population", "REGION_POPULATION_RELATIVE", Concept.REGION)
FORM.column("work_number", "FLAG_EMP_PHONE", Concept.CONTACT)
FORM.column("second_work_number", "FLAG_WORK_PHONE", Concept.CONTACT)
FORM.column("home_number", "FLAG_PHONE", Concept.CONTACT)
FORM.column("email", "FLAG_EMAIL", Concept.CONTACT)
FORM.column("hour", "HOUR_APPR_PROCESS_START", Concept.TIMING)
FORM.column("live_other_region", "REG_REGION_NOT_LIVE_REGION", Concept.ADDRESSES)
FORM.column("work_other_region", "REG_REGION_NOT_WORK_REGION", Concept.ADDRESSES)
FORM.column("live_other_city", "REG_CITY_NOT_LIVE_CITY", Concept.ADDRESSES, Risk.RISES)
FORM.column("work_other_city", "REG_CITY_NOT_WORK_CITY", Concept.ADDRESSES, Risk.RISES)
FORM.column("work_away_from_home", "LIVE_CITY_NOT_WORK_CITY", Concept.ADDRESSES)
FORM.column("circle_observed_30", "OBS_30_CNT_SOCIAL_CIRCLE", Concept.SOCIAL_CIRCLE)
FORM.column("circle_late_30", "DEF_30_CNT_SOCIAL_CIRCLE", Concept.SOCIAL_CIRCLE, Risk.RISES)
FORM.column("circle_late_60", "DEF_60_CNT_SOCIAL_CIRCLE", Concept.SOCIAL_CIRCLE, Risk.RISES)
for _period in ("WEEK", "MON", "QRT", "YEAR"):
    FORM.column(
        f"enquiries_{_period.lower()}", f"AMT_REQ_CREDIT_BUREAU_{_period}", Concept.ENQUIRIES
    )
for _number in (3, 5, 6, 8, 13, 14, 16, 18):
    FORM.column(f"document_{_number}", f"FLAG_DOCUMENT_{_number}", Concept.DOCUMENTS)
# Of the fourteen measures one by one, the rest cost more than they tell: see `ratios` for all.
FORM.column("building_floors", "FLOORSMAX_AVG", Concept.BUILDING)
FORM.column("building_total_area", "TOTALAREA_MODE", Concept.BUILDING)

FORM.column("contract_type", "NAME_CONTRACT_TYPE", Concept.CONTRACT)
FORM.column("income_type", "NAME_INCOME_TYPE", Concept.EMPLOYMENT)
FORM.column("education", "NAME_EDUCATION_TYPE", Concept.EDUCATION)
FORM.column("family_status", "NAME_FAMILY_STATUS", Concept.FAMILY)
FORM.column("housing", "NAME_HOUSING_TYPE", Concept.HOUSING)
FORM.column("accompanied_by", "NAME_TYPE_SUITE", Concept.COMPANY)
FORM.column("occupation", "OCCUPATION_TYPE", Concept.OCCUPATION)
FORM.column("employer_sector", "ORGANIZATION_TYPE", Concept.OCCUPATION)
FORM.column("weekday", "WEEKDAY_APPR_PROCESS_START", Concept.TIMING)
FORM.column("building_repair_fund", "FONDKAPREMONT_MODE", Concept.BUILDING)
FORM.column("building_walls", "WALLSMATERIAL_MODE", Concept.BUILDING)
