# ruff: noqa: E501 -- a sentence stands on one line, above its translation
"""Every word of the page, in French and in English. No other module says anything to people."""

from __future__ import annotations

import re
from typing import Self

from ui.api_models import Language


def typeset(french: str) -> str:
    """French words whose colons, marks and closing quotes never begin a line."""
    return re.sub(r" (?=[:;?!%»])", "\u00a0", french).replace("« ", "«\u00a0")


class Said:
    """Words declared once in both languages, read as an attribute in the one of its owner."""

    def __init__(self, fr: str, en: str) -> None:
        self.fr, self.en = typeset(fr), en

    def __get__(self, words: Words, _: type[Words] | None = None) -> str:
        return self.en if words.language == "en" else self.fr


class Words:
    """The page's words in one language.

    >>> Words("fr").predict, Words("en").predict
    ('Prédiction', 'Predict')
    """

    def __init__(self, language: Language) -> None:
        self.language = language

    def other(self) -> Self:
        """The words of the other language."""
        return type(self)("fr" if self.language == "en" else "en")

    def named(self, kind: str, name: str) -> str:
        """The words for a code of the API, such as an outcome's; the code itself if there are none."""
        said: str = getattr(self, f"{kind}_{name.replace('-', '_')}", name)
        return said

    # Around the page
    brand = Said("Prêt à dépenser", "Prêt à dépenser")
    desk = Said("Espace conseiller", "Adviser desk")
    title = Said("Étude d’un dossier · Prêt à dépenser", "Application review · Prêt à dépenser")
    heading = Said("Étude d’un dossier", "Application review")
    this_language = Said("Français", "English")
    law = Said(
        "Données traitées pour l’étude d’une demande de crédit (RGPD, article 6.1.b). Aucune décision n’est prise sans intervention humaine : le conseiller peut s’écarter de la proposition, et le client peut demander un nouvel examen (article 22).",
        "Data processed to assess a credit application (GDPR, Article 6.1.b). No decision is taken without human intervention: the adviser may depart from the proposal, and the client may ask for another review (Article 22).",
    )
    nothing_kept = Said(
        "La page n’enregistre rien dans ce navigateur.",
        "The page stores nothing in this browser.",
    )

    # Choosing a client
    client_number = Said("Numéro de client", "Client number")
    search_hint = Said(
        "Saisissez les premiers chiffres pour chercher.", "Type the first digits to search."
    )
    predict = Said("Prédiction", "Predict")
    suggestions = Said("Clients proposés", "Suggested clients")
    found_none = Said("Aucun client ne commence par {prefix}.", "No client begins with {prefix}.")
    found_one = Said("1 client commence par {prefix}.", "1 client begins with {prefix}.")
    found_many = Said(
        "{total} clients commencent par {prefix}.", "{total} clients begin with {prefix}."
    )
    found_all = Said("{total} clients.", "{total} clients.")
    found_digits = Said(
        "Un numéro de client ne contient que des chiffres.", "A client number has digits only."
    )
    found_nobody = Said(
        "La recherche ne répond pas. Un numéro complet peut être saisi.",
        "The search does not answer. A whole number can be typed.",
    )
    working = Said("Calcul en cours…", "Working…")

    # Messages: a title and what to do
    welcome_title = Said("Aucun dossier ouvert", "No file open")
    welcome_text = Said(
        "Choisissez un client, puis « Prédiction » : son profil, la proposition, les raisons et sa place parmi les autres clients s’affichent ici.",
        "Choose a client, then “Predict”: the profile, the proposal, the reasons and the place among other clients appear here.",
    )
    not_a_number_title = Said("Numéro de client à vérifier", "Check the client number")
    not_a_number_text = Said(
        "Un numéro de client ne contient que des chiffres, 16 au plus. Corrigez la saisie, ou choisissez un numéro dans la liste.",
        "A client number has digits only, 16 at most. Correct it, or choose a number from the list.",
    )
    unknown_client_title = Said("Client {client} inconnu", "Client {client} is unknown")
    unknown_client_text = Said(
        "Aucun dossier ne porte ce numéro. Vérifiez-le, ou tapez ses premiers chiffres pour chercher.",
        "No file has this number. Check it, or type its first digits to search.",
    )
    unreachable_title = Said(
        "Le service de score ne répond pas", "The scoring service does not answer"
    )
    unreachable_text = Said(
        "Aucune décision n’a été affichée. Réessayez dans un instant avec « Prédiction » ; si cela dure, prévenez l’exploitation.",
        "No decision is shown. Try again shortly with “Predict”; if it lasts, tell operations.",
    )
    failed_title = Said(
        "Le service de score n’a pas pu répondre", "The scoring service could not answer"
    )
    failed_text = Said(
        "La faute n’est pas dans la saisie : le modèle est peut-être absent ou en cours de remplacement. Réessayez dans un instant ; si cela dure, prévenez l’exploitation.",
        "Nothing is wrong with what was typed: the model may be absent or being replaced. Try again shortly; if it lasts, tell operations.",
    )
    refused_title = Said("Ce dossier n’a pas pu être étudié", "This file could not be assessed")
    refused_text = Said(
        "Le service a refusé la demande. Relancez « Prédiction » ; si cela dure, prévenez l’exploitation.",
        "The service refused the request. Press “Predict” again; if it lasts, tell operations.",
    )
    compare_failed = Said(
        "La comparaison n’est pas disponible pour l’instant. Choisissez un autre élément, ou relancez « Prédiction ».",
        "The comparison is not available for now. Choose another item, or press “Predict” again.",
    )

    # Profile
    client_title = Said("Client {client}", "Client {client}")
    profile_title = Said("Informations générales", "General information")
    unknown = Said("non connu", "not known")
    yes = Said("oui", "yes")
    no = Said("non", "no")

    # Decision
    decision_title = Said("Résultat de l’étude", "Assessment")
    proposal = Said("Proposition :", "Proposal:")
    outcome_approve = Said("Crédit accordé", "Credit granted")
    outcome_refer = Said("À la main du conseiller", "Adviser’s decision")
    outcome_decline = Said("Crédit refusé", "Credit refused")
    risk = Said(
        "Risque estimé de difficultés de paiement", "Estimated risk of payment difficulties"
    )
    say_approve = Said(
        "Le risque estimé est sous le seuil de {threshold}.",
        "The estimated risk is below the threshold of {threshold}.",
    )
    say_refer = Said(
        "Le risque estimé est proche du seuil de {threshold} : le conseiller examine le dossier et décide.",
        "The estimated risk is close to the threshold of {threshold}: the adviser reviews the file and decides.",
    )
    say_decline = Said(
        "Le risque estimé dépasse le seuil de {threshold}.",
        "The estimated risk is above the threshold of {threshold}.",
    )
    say_rules = Said(
        "Une règle s’applique avant le score, quel que soit le risque estimé :",
        "A rule applies before the score, whatever the estimated risk:",
    )
    advisory = Said(
        "Cette proposition ne vaut décision qu’une fois confirmée par un conseiller.",
        "This proposal becomes a decision only once an adviser has confirmed it.",
    )
    rule_income_unknown = Said(
        "les revenus du client ne sont pas connus", "the client’s income is not known"
    )
    rule_minor = Said("le client est mineur", "the client is a minor")
    rule_instalment_above_income = Said(
        "la mensualité dépasse la part admise du revenu",
        "the instalment exceeds the admitted share of income",
    )
    threshold = Said("Seuil", "Threshold")
    points = Said("Points", "Points")
    points_hint = Said("(plus, c’est mieux)", "(more is better)")
    index = Said("Indice", "Index")
    gauge_title = Said("Position par rapport au seuil", "Position relative to the cut-off")
    gauge_label = Said(
        "Indice {index} sur une échelle de 0 à 1 où {cut} est le seuil : {zone}. Accord sous {low}, conseiller de {low} à {high}, refus au-dessus de {high}.",
        "Index {index} on a scale from 0 to 1 where {cut} is the cut-off: {zone}. Granted below {low}, adviser from {low} to {high}, refused above {high}.",
    )
    gauge_note = Said(
        "L’aiguille montre la place par rapport au seuil ({cut}) ; ce n’est pas une probabilité.",
        "The needle shows the place relative to the cut-off ({cut}); it is not a probability.",
    )
    zone_approve = Said("sous le seuil", "below the cut-off")
    zone_refer = Said("près du seuil", "near the cut-off")
    zone_decline = Said("au-dessus du seuil", "above the cut-off")
    key_approve = Said("Accord", "Grant")
    key_refer = Said("Conseiller", "Adviser")
    key_decline = Said("Refus", "Refuse")
    below = Said("moins de {high}", "under {high}")
    between = Said("{low} à {high}", "{low} to {high}")
    above = Said("plus de {low}", "over {low}")
    from_on = Said("{low} et plus", "{low} and over")
    record = Said(
        "Décision {id} · modèle {model} · politique {policy} · {at} UTC",
        "Decision {id} · model {model} · policy {policy} · {at} UTC",
    )
    decision_said = Said(
        "Client {client}. {outcome}. Risque estimé {risk}.",
        "Client {client}. {outcome}. Estimated risk {risk}.",
    )

    # Reasons
    reasons_for = Said("Ce qui joue le plus en faveur du dossier", "What counts most in favour")
    reasons_against = Said("Ce qui pèse le plus contre le dossier", "What weighs most against")
    reasons_none = Said("Aucun élément ne se détache.", "Nothing stands out.")
    steps_title = Said("Du client moyen à ce client", "From the average client to this client")
    steps_note = Said(
        "Chaque ligne ajoute ou retire des points. Plus de points, moins de risque.",
        "Each line adds or takes points. More points, less risk.",
    )
    adds = Said("ajoute des points : risque en baisse", "adds points: lower risk")
    takes = Said("retire des points : risque en hausse", "takes points: higher risk")
    item = Said("Élément", "Item")
    value = Said("Valeur", "Value")
    effect = Said("Effet", "Effect")
    start = Said("Client moyen", "Average client")
    this_client = Said("Ce client", "This client")
    others = Said("Autres éléments ({count})", "Other items ({count})")
    at_risk = Said("risque {risk}", "risk {risk}")
    points_short = Said("{points} pts", "{points} pts")
    valued = Said("{label} : {value}", "{label}: {value}")
    and_one = Said("et 1 autre", "and 1 more")
    and_others = Said("et {count} autres", "and {count} more")
    by_feature = Said("Détail des {count} éléments les plus lourds", "The {count} heaviest items")

    # Position
    position_title = Said("Par rapport aux autres clients", "Compared with other clients")
    choose_feature = Said("Élément à comparer", "Item to compare")
    similar = Said("Clients au risque comparable seulement", "Clients of similar risk only")
    similar_note = Said(
        "Clients du même cinquième de risque estimé.",
        "Clients of the same fifth of estimated risk.",
    )
    similar_means = Said(
        "Moyennes et rang restent ceux de tous les clients.",
        "Averages and rank remain those of all clients.",
    )
    without = Said("Sans difficultés", "Without difficulties")
    with_ = Said("Avec difficultés", "With difficulties")
    mean_without = Said("Moyenne sans difficultés", "Average without difficulties")
    mean_with = Said("Moyenne avec difficultés", "Average with difficulties")
    share_with = Said("Part en difficulté", "Share with difficulties")
    percentile = Said(
        "{share} des clients ont une valeur inférieure ou égale.",
        "{share} of clients have a lower or equal value.",
    )
    near = Said(
        "Parmi les {count} clients de la même tranche, {share} ont eu des difficultés de paiement.",
        "Of the {count} clients in the same range, {share} had payment difficulties.",
    )
    near_word = Said(
        "Parmi les {count} clients de cette catégorie, {share} ont eu des difficultés de paiement.",
        "Of the {count} clients in this category, {share} had payment difficulties.",
    )
    not_known_here = Said(
        "Valeur non connue pour ce client, comme pour {count} autres.",
        "Not known for this client, as for {count} others.",
    )
    counted = Said("{count} clients comparés.", "{count} clients compared.")
    chart_label = Said("{feature}. Ce client : {value}.", "{feature}. This client: {value}.")
    figures = Said("Voir les chiffres", "Show the figures")
    other_words = Said("Autres ({count})", "Others ({count})")

    # Units
    days, one_days = Said("jours", "days"), Said("jour", "day")
    months, one_months = Said("mois", "months"), Said("mois", "month")
    years, one_years = Said("ans", "years"), Said("an", "year")
    hour = Said("h", "h")
