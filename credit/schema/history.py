"""The six history tables: credits elsewhere (the bureau's) and with us."""

from __future__ import annotations

from credit.schema.declaration import (
    amount,
    category,
    days,
    flag,
    identifier,
    integer,
    month,
    number,
    table,
    yes_no,
)

CLIENT = identifier("SK_ID_CURR", "The client", required=False)
PREVIOUS = identifier("SK_ID_PREV", "The earlier application or credit with us")
BUREAU_CREDIT = identifier("SK_ID_BUREAU", "The credit at the bureau")

ANY_SIGN = -1e10
"""Corrections and refunds make some balances negative."""

BUREAU = table(
    "bureau",
    "Credits with other lenders, as the credit bureau reports them",
    CLIENT,
    BUREAU_CREDIT,
    category("CREDIT_ACTIVE", "Active, Closed, Sold or Bad debt"),
    category("CREDIT_CURRENCY", "Recoded currency"),
    days("DAYS_CREDIT", "When the credit was asked for"),
    integer("CREDIT_DAY_OVERDUE", "Days past due today", unit="days", high=36_525),
    days("DAYS_CREDIT_ENDDATE", "Planned end; positive while it runs", low=-50_000, high=50_000),
    days("DAYS_ENDDATE_FACT", "Actual end, of closed credits", low=-50_000),
    amount("AMT_CREDIT_MAX_OVERDUE", "Greatest amount ever overdue"),
    integer("CNT_CREDIT_PROLONG", "Times prolonged", high=1_000),
    amount("AMT_CREDIT_SUM", "Amount of the credit"),
    amount("AMT_CREDIT_SUM_DEBT", "Debt left", low=ANY_SIGN),
    amount("AMT_CREDIT_SUM_LIMIT", "What is left of a credit card's limit", low=ANY_SIGN),
    amount("AMT_CREDIT_SUM_OVERDUE", "Amount overdue today"),
    category("CREDIT_TYPE", "Consumer credit, card, mortgage..."),
    days("DAYS_CREDIT_UPDATE", "When the bureau last heard of it", low=-50_000, high=3_650),
    amount("AMT_ANNUITY", "Instalment"),
    primary_key=("SK_ID_BUREAU",),
)

BUREAU_BALANCE = table(
    "bureau_balance",
    "Month by month, how each bureau credit was paid",
    BUREAU_CREDIT,
    month("MONTHS_BALANCE", "Month, 0 being that of the application"),
    category("STATUS", "C closed, 0 on time, 1 to 5 worse and worse past due, X not known"),
    primary_key=("SK_ID_BUREAU", "MONTHS_BALANCE"),
    owner="SK_ID_BUREAU",
)

PREVIOUS_APPLICATION = table(
    "previous_application",
    "Earlier applications to us, granted or not",
    PREVIOUS,
    CLIENT,
    category("NAME_CONTRACT_TYPE", "Cash, consumer or revolving", unknown=("XNA",)),
    amount("AMT_ANNUITY", "Instalment"),
    amount("AMT_APPLICATION", "Amount asked for"),
    amount("AMT_CREDIT", "Amount offered"),
    amount("AMT_DOWN_PAYMENT", "Down payment", low=ANY_SIGN),
    amount("AMT_GOODS_PRICE", "Price of the goods"),
    category("WEEKDAY_APPR_PROCESS_START", "Weekday"),
    integer("HOUR_APPR_PROCESS_START", "Hour", unit="hour", high=23),
    yes_no("FLAG_LAST_APPL_PER_CONTRACT", "Last application of its contract"),
    flag("NFLAG_LAST_APPL_IN_DAY", "Last application of its day"),
    number("RATE_DOWN_PAYMENT", "Down payment, normalised", unit="share", low=-1, high=1),
    number("RATE_INTEREST_PRIMARY", "Interest rate, normalised", unit="share", low=0, high=10),
    number("RATE_INTEREST_PRIVILEGED", "Preferential rate, normalised", unit="share", low=0, high=10),
    category("NAME_CASH_LOAN_PURPOSE", "What the cash was for", unknown=("XNA",)),
    category("NAME_CONTRACT_STATUS", "Approved, Refused, Canceled or Unused offer"),
    days("DAYS_DECISION", "When it was decided"),
    category("NAME_PAYMENT_TYPE", "How it was to be paid", unknown=("XNA",)),
    category("CODE_REJECT_REASON", "Why it was refused", unknown=("XNA",)),
    category("NAME_TYPE_SUITE", "Who came with the client"),
    category("NAME_CLIENT_TYPE", "New, Repeater or Refreshed", unknown=("XNA",)),
    category("NAME_GOODS_CATEGORY", "Kind of goods", unknown=("XNA",)),
    category("NAME_PORTFOLIO", "Cash, POS, Cards or Cars", unknown=("XNA",)),
    category("NAME_PRODUCT_TYPE", "Walk-in or x-sell", unknown=("XNA",)),
    category("CHANNEL_TYPE", "Through which channel"),
    integer("SELLERPLACE_AREA", "Selling area of the seller", high=1e9, sentinels={-1: "no place of sale"}),
    category("NAME_SELLER_INDUSTRY", "Industry of the seller", unknown=("XNA",)),
    integer("CNT_PAYMENT", "Number of instalments", low=1, high=1_200, sentinels={0: "no fixed number"}),
    category("NAME_YIELD_GROUP", "Interest, grouped", unknown=("XNA",)),
    category("PRODUCT_COMBINATION", "Product in detail"),
    days("DAYS_FIRST_DRAWING", "First drawing", high=36_525, never="never drawn"),
    days("DAYS_FIRST_DUE", "First instalment due", high=36_525, never="none planned"),
    days("DAYS_LAST_DUE_1ST_VERSION", "Last instalment due, as first planned", high=36_525, never="open-ended"),
    days("DAYS_LAST_DUE", "Last instalment due", high=36_525, never="not yet known"),
    days("DAYS_TERMINATION", "End of the credit", high=36_525, never="not ended"),
    flag("NFLAG_INSURED_ON_APPROVAL", "Was insured"),
    primary_key=("SK_ID_PREV",),
)  # fmt: skip

INSTALLMENTS_PAYMENTS = table(
    "installments_payments",
    "Instalments of earlier credits with us, due and paid",
    PREVIOUS,
    CLIENT,
    integer("NUM_INSTALMENT_VERSION", "Version of the payment plan", high=10_000),
    integer("NUM_INSTALMENT_NUMBER", "Number of the instalment", high=10_000),
    days("DAYS_INSTALMENT", "When it was due"),
    days("DAYS_ENTRY_PAYMENT", "When it was paid; missing when never"),
    amount("AMT_INSTALMENT", "Amount due"),
    amount("AMT_PAYMENT", "Amount paid"),
)

POS_CASH_BALANCE = table(
    "POS_CASH_balance",
    "Month by month, earlier consumer and cash credits with us",
    PREVIOUS,
    CLIENT,
    month("MONTHS_BALANCE", "Month, -1 being the last before the application"),
    integer("CNT_INSTALMENT", "Term of the credit", high=1_200),
    integer("CNT_INSTALMENT_FUTURE", "Instalments left", high=1_200),
    category("NAME_CONTRACT_STATUS", "Active, Completed...", unknown=("XNA",)),
    integer("SK_DPD", "Days past due", unit="days", high=36_525),
    integer("SK_DPD_DEF", "Days past due, small debts left out", unit="days", high=36_525),
    primary_key=("SK_ID_PREV", "MONTHS_BALANCE"),
)

CREDIT_CARD_BALANCE = table(
    "credit_card_balance",
    "Month by month, earlier credit cards with us",
    PREVIOUS,
    CLIENT,
    month("MONTHS_BALANCE", "Month, -1 being the last before the application"),
    amount("AMT_BALANCE", "Balance owed", low=ANY_SIGN),
    amount("AMT_CREDIT_LIMIT_ACTUAL", "Limit"),
    amount("AMT_DRAWINGS_ATM_CURRENT", "Drawn at cash machines", low=ANY_SIGN),
    amount("AMT_DRAWINGS_CURRENT", "Drawn", low=ANY_SIGN),
    amount("AMT_DRAWINGS_OTHER_CURRENT", "Drawn otherwise"),
    amount("AMT_DRAWINGS_POS_CURRENT", "Drawn in shops"),
    amount("AMT_INST_MIN_REGULARITY", "Least instalment"),
    amount("AMT_PAYMENT_CURRENT", "Paid"),
    amount("AMT_PAYMENT_TOTAL_CURRENT", "Paid in all"),
    amount("AMT_RECEIVABLE_PRINCIPAL", "Principal receivable", low=ANY_SIGN),
    amount("AMT_RECIVABLE", "Receivable", low=ANY_SIGN),
    amount("AMT_TOTAL_RECEIVABLE", "Receivable in all", low=ANY_SIGN),
    integer("CNT_DRAWINGS_ATM_CURRENT", "Drawings at cash machines", high=10_000),
    integer("CNT_DRAWINGS_CURRENT", "Drawings", high=10_000),
    integer("CNT_DRAWINGS_OTHER_CURRENT", "Other drawings", high=10_000),
    integer("CNT_DRAWINGS_POS_CURRENT", "Drawings in shops", high=10_000),
    integer("CNT_INSTALMENT_MATURE_CUM", "Instalments paid so far", high=10_000),
    category("NAME_CONTRACT_STATUS", "Active, Completed..."),
    integer("SK_DPD", "Days past due", unit="days", high=36_525),
    integer("SK_DPD_DEF", "Days past due, small debts left out", unit="days", high=36_525),
    primary_key=("SK_ID_PREV", "MONTHS_BALANCE"),
)
