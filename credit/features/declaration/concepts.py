"""Concepts that group the features. A reason given to a client names a concept."""

from __future__ import annotations

from enum import Enum

from credit.localised_text import Text


class Concept(Enum):
    """A subject that a reason can name. The four reasons of a decision are four different concepts.

    Every label is a singular noun phrase, so that one sentence template fits them all.
    """

    EXTERNAL_SCORES = Text("La note des organismes externes", "The score of outside agencies")
    AGE = Text("L’âge", "Age")
    EMPLOYMENT = Text("La situation professionnelle", "The employment situation")
    OCCUPATION = Text(
        "Le métier ou le secteur d’activité", "The occupation or the line of business"
    )
    INCOME = Text("Le niveau de revenu", "The level of income")
    AFFORDABILITY = Text(
        "Le poids du crédit dans le revenu", "The weight of the credit in the income"
    )
    CREDIT_AMOUNT = Text("Le montant demandé", "The amount asked for")
    CREDIT_TERMS = Text(
        "La durée ou le coût du crédit demandé", "The length or the cost of the credit asked for"
    )
    GOODS = Text(
        "L’écart entre le crédit et le prix du bien",
        "The gap between the credit and the price of the goods",
    )
    CONTRACT = Text("Le type de crédit demandé", "The type of credit asked for")
    EDUCATION = Text("Le niveau d’études", "The level of education")
    FAMILY = Text("La situation familiale", "The family situation")
    HOUSING = Text("Le logement", "The housing")
    BUILDING = Text("La description de l’immeuble", "The description of the building")
    REGION = Text("La région de résidence", "The region of residence")
    ADDRESSES = Text("L’écart entre les adresses déclarées", "The gap between the addresses given")
    CONTACT = Text("La liste des moyens de contact fournis", "The list of contacts given")
    DOCUMENTS = Text("La liste des documents fournis", "The list of documents given")
    STABILITY = Text(
        "La stabilité des coordonnées et des papiers", "The stability of contacts and papers"
    )
    CAR = Text("Le véhicule", "The car")
    ENQUIRIES = Text(
        "Le nombre de demandes récentes au fichier des crédits",
        "The number of recent credit bureau enquiries",
    )
    SOCIAL_CIRCLE = Text(
        "La situation de paiement de l’entourage", "The payment situation of the people around"
    )
    TIMING = Text("Le moment de la demande", "The time of the application")
    COMPANY = Text("L’accompagnement lors de la demande", "The company at the application")
    OTHER_DEBT = Text("La dette auprès d’autres prêteurs", "The debt to other lenders")
    OTHER_LATENESS = Text(
        "La ponctualité envers d’autres prêteurs", "The punctuality with other lenders"
    )
    OTHER_CREDITS = Text(
        "L’historique de crédit auprès d’autres prêteurs", "The credit history with other lenders"
    )
    PAST_OUTCOMES = Text("L’issue des demandes précédentes", "The outcome of earlier applications")
    PAST_CREDITS = Text(
        "Le montant ou la durée des crédits précédents",
        "The amount or the length of earlier credits",
    )
    PAST_PRICES = Text("Le coût des crédits précédents", "The cost of earlier credits")
    PUNCTUALITY = Text("La ponctualité des paiements passés", "The punctuality of past payments")
    AMOUNTS_PAID = Text(
        "Le montant payé par rapport au montant dû", "The amount paid against the amount due"
    )
    RUNNING_CREDITS = Text("L’avancement des crédits en cours", "The progress of running credits")
    CARD_BALANCE = Text("L’utilisation de la carte de crédit", "The use of the credit card")
    CARD_DRAWINGS = Text(
        "Le retrait d’argent par carte de crédit", "The drawing of money by credit card"
    )

    @property
    def label(self) -> Text:
        return self.value
