"""Clients that never existed, drawn so that a model trained on them knows real ones.

    parameters.json -> traits of clients -> form, difficulties, histories -> tables

`marginals`, `traits`, `reading` and `rows` are the means; `form`, `bureau`, `previous`,
`contracts`, `repayment`, `cards` and `card_months` draw the tables; `risk` and `experience` say
who gets into difficulties; `tables` and `files` put all together. `calibrate` derives the
parameters from real rows.
"""
