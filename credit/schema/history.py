"""The six history tables: credits with other lenders (from the bureau) and with us."""

from __future__ import annotations

from credit.schema.declaration import (
    Provider,
    amount_column,
    category_column,
    days_column,
    declare_table,
    flag_column,
    id_column,
    integer_column,
    month_column,
    number_column,
    yes_no_column,
)

CLIENT_ID = id_column("SK_ID_CURR", "The client", required=False)
PREVIOUS_ID = id_column("SK_ID_PREV", "The earlier application or credit with us")
BUREAU_CREDIT_ID = id_column("SK_ID_BUREAU", "The credit at the bureau")

MIN_SIGNED_AMOUNT = -1e10
"""Lower bound of balances: corrections and refunds make some negative."""

BUREAU = declare_table(
    "bureau",
    "Credits with other lenders, as the credit bureau reports them",
    CLIENT_ID,
    BUREAU_CREDIT_ID,
    category_column("CREDIT_ACTIVE", "Active, Closed, Sold or Bad debt"),
    category_column("CREDIT_CURRENCY", "Recoded currency"),
    days_column("DAYS_CREDIT", "When the credit was asked for"),
    integer_column("CREDIT_DAY_OVERDUE", "Days past due today", unit="days", high=36_525),
    days_column(
        "DAYS_CREDIT_ENDDATE", "Planned end; positive while it runs", low=-50_000, high=50_000
    ),
    days_column("DAYS_ENDDATE_FACT", "Actual end, of closed credits", low=-50_000),
    amount_column("AMT_CREDIT_MAX_OVERDUE", "Greatest amount ever overdue"),
    integer_column("CNT_CREDIT_PROLONG", "Times prolonged", high=1_000),
    amount_column("AMT_CREDIT_SUM", "Amount of the credit"),
    amount_column("AMT_CREDIT_SUM_DEBT", "Debt left", low=MIN_SIGNED_AMOUNT),
    amount_column(
        "AMT_CREDIT_SUM_LIMIT", "What is left of a credit card's limit", low=MIN_SIGNED_AMOUNT
    ),
    amount_column("AMT_CREDIT_SUM_OVERDUE", "Amount overdue today"),
    category_column("CREDIT_TYPE", "Consumer credit, card, mortgage..."),
    days_column("DAYS_CREDIT_UPDATE", "When the bureau last heard of it", low=-50_000, high=3_650),
    amount_column("AMT_ANNUITY", "Instalment"),
    primary_key=("SK_ID_BUREAU",),
    stated_by=Provider.OUTSIDE,
)

BUREAU_BALANCE = declare_table(
    "bureau_balance",
    "Month by month, how each bureau credit was paid",
    BUREAU_CREDIT_ID,
    month_column("MONTHS_BALANCE", "Month, 0 being that of the application"),
    category_column("STATUS", "C closed, 0 on time, 1 to 5 worse and worse past due, X not known"),
    primary_key=("SK_ID_BUREAU", "MONTHS_BALANCE"),
    owner_column="SK_ID_BUREAU",
    stated_by=Provider.OUTSIDE,
)

PREVIOUS_APPLICATION = declare_table(
    "previous_application",
    "Earlier applications to us, granted or not",
    PREVIOUS_ID,
    CLIENT_ID,
    category_column("NAME_CONTRACT_TYPE", "Cash, consumer or revolving", unknown=("XNA",)),
    amount_column("AMT_ANNUITY", "Instalment"),
    amount_column("AMT_APPLICATION", "Amount asked for"),
    amount_column("AMT_CREDIT", "Amount offered"),
    amount_column("AMT_DOWN_PAYMENT", "Down payment", low=MIN_SIGNED_AMOUNT),
    amount_column("AMT_GOODS_PRICE", "Price of the goods"),
    category_column("WEEKDAY_APPR_PROCESS_START", "Weekday"),
    integer_column("HOUR_APPR_PROCESS_START", "Hour", unit="hour", high=23),
    yes_no_column("FLAG_LAST_APPL_PER_CONTRACT", "Last application of its contract"),
    flag_column("NFLAG_LAST_APPL_IN_DAY", "Last application of its day"),
    number_column("RATE_DOWN_PAYMENT", "Down payment, normalised", unit="share", low=-1, high=1),
    number_column("RATE_INTEREST_PRIMARY", "Interest rate, normalised", unit="share", low=0, high=10),
    number_column("RATE_INTEREST_PRIVILEGED", "Preferential rate, normalised", unit="share", low=0, high=10),
    category_column("NAME_CASH_LOAN_PURPOSE", "What the cash was for", unknown=("XNA",)),
    category_column("NAME_CONTRACT_STATUS", "Approved, Refused, Canceled or Unused offer"),
    days_column("DAYS_DECISION", "When it was decided"),
    category_column("NAME_PAYMENT_TYPE", "How it was to be paid", unknown=("XNA",)),
    category_column("CODE_REJECT_REASON", "Why it was refused", unknown=("XNA",)),
    category_column("NAME_TYPE_SUITE", "Who came with the client"),
    category_column("NAME_CLIENT_TYPE", "New, Repeater or Refreshed", unknown=("XNA",)),
    category_column("NAME_GOODS_CATEGORY", "Kind of goods", unknown=("XNA",)),
    category_column("NAME_PORTFOLIO", "Cash, POS, Cards or Cars", unknown=("XNA",)),
    category_column("NAME_PRODUCT_TYPE", "Walk-in or x-sell", unknown=("XNA",)),
    category_column("CHANNEL_TYPE", "Through which channel"),
    integer_column("SELLERPLACE_AREA", "Selling area of the seller", high=1e9, sentinels={-1: "no place of sale"}),
    category_column("NAME_SELLER_INDUSTRY", "Industry of the seller", unknown=("XNA",)),
    integer_column("CNT_PAYMENT", "Number of instalments", low=1, high=1_200, sentinels={0: "no fixed number"}),
    category_column("NAME_YIELD_GROUP", "Interest, grouped", unknown=("XNA",)),
    category_column("PRODUCT_COMBINATION", "Product in detail"),
    days_column("DAYS_FIRST_DRAWING", "First drawing", high=36_525, never="never drawn"),
    days_column("DAYS_FIRST_DUE", "First instalment due", high=36_525, never="none planned"),
    days_column("DAYS_LAST_DUE_1ST_VERSION", "Last instalment due, as first planned", high=36_525, never="open-ended"),
    days_column("DAYS_LAST_DUE", "Last instalment due", high=36_525, never="not yet known"),
    days_column("DAYS_TERMINATION", "End of the credit", high=36_525, never="not ended"),
    flag_column("NFLAG_INSURED_ON_APPROVAL", "Was insured"),
    primary_key=("SK_ID_PREV",),
)  # fmt: skip

INSTALLMENTS_PAYMENTS = declare_table(
    "installments_payments",
    "Instalments of earlier credits with us, due and paid",
    PREVIOUS_ID,
    CLIENT_ID,
    integer_column("NUM_INSTALMENT_VERSION", "Version of the payment plan", high=10_000),
    integer_column("NUM_INSTALMENT_NUMBER", "Number of the instalment", high=10_000),
    days_column("DAYS_INSTALMENT", "When it was due"),
    days_column("DAYS_ENTRY_PAYMENT", "When it was paid; missing when never"),
    amount_column("AMT_INSTALMENT", "Amount due"),
    amount_column("AMT_PAYMENT", "Amount paid"),
)

POS_CASH_BALANCE = declare_table(
    "POS_CASH_balance",
    "Month by month, earlier consumer and cash credits with us",
    PREVIOUS_ID,
    CLIENT_ID,
    month_column("MONTHS_BALANCE", "Month, -1 being the last before the application"),
    integer_column("CNT_INSTALMENT", "Term of the credit", high=1_200),
    integer_column("CNT_INSTALMENT_FUTURE", "Instalments left", high=1_200),
    category_column("NAME_CONTRACT_STATUS", "Active, Completed...", unknown=("XNA",)),
    integer_column("SK_DPD", "Days past due", unit="days", high=36_525),
    integer_column("SK_DPD_DEF", "Days past due, small debts left out", unit="days", high=36_525),
    primary_key=("SK_ID_PREV", "MONTHS_BALANCE"),
)

CREDIT_CARD_BALANCE = declare_table(
    "credit_card_balance",
    "Month by month, earlier credit cards with us",
    PREVIOUS_ID,
    CLIENT_ID,
    month_column("MONTHS_BALANCE", "Month, -1 being the last before the application"),
    amount_column("AMT_BALANCE", "Balance owed", low=MIN_SIGNED_AMOUNT),
    amount_column("AMT_CREDIT_LIMIT_ACTUAL", "Limit"),
    amount_column("AMT_DRAWINGS_ATM_CURRENT", "Drawn at cash machines", low=MIN_SIGNED_AMOUNT),
    amount_column("AMT_DRAWINGS_CURRENT", "Drawn", low=MIN_SIGNED_AMOUNT),
    amount_column("AMT_DRAWINGS_OTHER_CURRENT", "Drawn otherwise"),
    amount_column("AMT_DRAWINGS_POS_CURRENT", "Drawn in shops"),
    amount_column("AMT_INST_MIN_REGULARITY", "Least instalment"),
    amount_column("AMT_PAYMENT_CURRENT", "Paid"),
    amount_column("AMT_PAYMENT_TOTAL_CURRENT", "Paid in all"),
    amount_column("AMT_RECEIVABLE_PRINCIPAL", "Principal receivable", low=MIN_SIGNED_AMOUNT),
    amount_column("AMT_RECIVABLE", "Receivable", low=MIN_SIGNED_AMOUNT),
    amount_column("AMT_TOTAL_RECEIVABLE", "Receivable in all", low=MIN_SIGNED_AMOUNT),
    integer_column("CNT_DRAWINGS_ATM_CURRENT", "Drawings at cash machines", high=10_000),
    integer_column("CNT_DRAWINGS_CURRENT", "Drawings", high=10_000),
    integer_column("CNT_DRAWINGS_OTHER_CURRENT", "Other drawings", high=10_000),
    integer_column("CNT_DRAWINGS_POS_CURRENT", "Drawings in shops", high=10_000),
    integer_column("CNT_INSTALMENT_MATURE_CUM", "Instalments paid so far", high=10_000),
    category_column("NAME_CONTRACT_STATUS", "Active, Completed..."),
    integer_column("SK_DPD", "Days past due", unit="days", high=36_525),
    integer_column("SK_DPD_DEF", "Days past due, small debts left out", unit="days", high=36_525),
    primary_key=("SK_ID_PREV", "MONTHS_BALANCE"),
)
