# ruff: noqa: E501 -- each sentence is on one line, above its translation
"""All texts of the page, in French and in English."""

from __future__ import annotations

import re
from typing import Self

from ui.api_models import Language


def typeset(french: str) -> str:
    """Use no-break spaces in French, so that no line starts with a colon, mark or closing quote."""
    return re.sub(r" (?=[:;?!%»])", "\u00a0", french).replace("« ", "«\u00a0")


class Message:
    """A text in both languages; as an attribute of `Messages`, it returns the owner's language."""

    def __init__(self, fr: str, en: str) -> None:
        self.fr, self.en = typeset(fr), en

    def __get__(self, messages: Messages, _: type[Messages] | None = None) -> str:
        return self.en if messages.language == "en" else self.fr


class Messages:
    """The page's texts in one language.

    >>> Messages("fr").predict, Messages("en").predict
    ('Prédiction', 'Predict')
    """

    def __init__(self, language: Language) -> None:
        self.language = language

    def in_other_language(self) -> Self:
        """Return the texts in the other language."""
        return type(self)("fr" if self.language == "en" else "en")

    def message_for_code(self, kind: str, name: str) -> str:
        """Return the text of an API code, such as an outcome; the code itself if it has no text."""
        text: str = getattr(self, f"{kind}_{name.replace('-', '_')}", name)
        return text

    # Around the page
    brand = Message("Prêt à dépenser", "Prêt à dépenser")
    workspace = Message("Espace conseiller", "Adviser desk")
    title = Message("Étude d’un dossier · Prêt à dépenser", "Application review · Prêt à dépenser")
    heading = Message("Étude d’un dossier", "Application review")
    language_name = Message("Français", "English")
    legal_notice = Message(
        "Données traitées pour l’étude d’une demande de crédit (RGPD, article 6.1.b). Aucune décision n’est prise sans intervention humaine : le conseiller peut s’écarter de la proposition, et le client peut demander un nouvel examen (article 22).",
        "Data processed to assess a credit application (GDPR, Article 6.1.b). No decision is taken without human intervention: the adviser may depart from the proposal, and the client may ask for another review (Article 22).",
    )
    nothing_stored = Message(
        "La page n’enregistre rien dans ce navigateur.",
        "The page stores nothing in this browser.",
    )

    # Choosing a client
    client_number = Message("Numéro de client", "Client number")
    search_hint = Message(
        "Saisissez les premiers chiffres pour chercher.", "Type the first digits to search."
    )
    predict = Message("Prédiction", "Predict")
    suggestions = Message("Clients proposés", "Suggested clients")
    search_no_match = Message(
        "Aucun client ne commence par {prefix}.", "No client begins with {prefix}."
    )
    search_one_match = Message("1 client commence par {prefix}.", "1 client begins with {prefix}.")
    search_many_matches = Message(
        "{total} clients commencent par {prefix}.", "{total} clients begin with {prefix}."
    )
    search_total = Message("{total} clients.", "{total} clients.")
    search_digits_only = Message(
        "Un numéro de client ne contient que des chiffres.", "A client number has digits only."
    )
    search_unavailable = Message(
        "La recherche ne répond pas. Un numéro complet peut être saisi.",
        "The search does not answer. A whole number can be typed.",
    )
    working = Message("Calcul en cours…", "Working…")

    # Messages: a title and what to do
    welcome_title = Message("Aucun dossier ouvert", "No file open")
    welcome_text = Message(
        "Choisissez un client, puis « Prédiction » : son profil, la proposition, les raisons et sa place parmi les autres clients s’affichent ici.",
        "Choose a client, then “Predict”: the profile, the proposal, the reasons and the place among other clients appear here.",
    )
    not_a_number_title = Message("Numéro de client à vérifier", "Check the client number")
    not_a_number_text = Message(
        "Un numéro de client ne contient que des chiffres, 16 au plus. Corrigez la saisie, ou choisissez un numéro dans la liste.",
        "A client number has digits only, 16 at most. Correct it, or choose a number from the list.",
    )
    unknown_client_title = Message("Client {client} inconnu", "Client {client} is unknown")
    unknown_client_text = Message(
        "Aucun dossier ne porte ce numéro. Vérifiez-le, ou tapez ses premiers chiffres pour chercher.",
        "No file has this number. Check it, or type its first digits to search.",
    )
    unreachable_title = Message(
        "Le service de score ne répond pas", "The scoring service does not answer"
    )
    unreachable_text = Message(
        "Aucune décision n’a été affichée. Réessayez dans un instant avec « Prédiction » ; si cela dure, prévenez l’exploitation.",
        "No decision is shown. Try again shortly with “Predict”; if it lasts, tell operations.",
    )
    failed_title = Message(
        "Le service de score n’a pas pu répondre", "The scoring service could not answer"
    )
    failed_text = Message(
        "La faute n’est pas dans la saisie : le modèle est peut-être absent ou en cours de remplacement. Réessayez dans un instant ; si cela dure, prévenez l’exploitation.",
        "Nothing is wrong with what was typed: the model may be absent or being replaced. Try again shortly; if it lasts, tell operations.",
    )
    refused_title = Message("Ce dossier n’a pas pu être étudié", "This file could not be assessed")
    refused_text = Message(
        "Le service a refusé la demande. Relancez « Prédiction » ; si cela dure, prévenez l’exploitation.",
        "The service refused the request. Press “Predict” again; if it lasts, tell operations.",
    )
    compare_failed = Message(
        "La comparaison n’est pas disponible pour l’instant. Choisissez un autre élément, ou relancez « Prédiction ».",
        "The comparison is not available for now. Choose another item, or press “Predict” again.",
    )

    # Profile
    client_title = Message("Client {client}", "Client {client}")
    profile_title = Message("Informations générales", "General information")
    unknown = Message("non connu", "not known")
    yes = Message("oui", "yes")
    no = Message("non", "no")

    # Decision
    decision_title = Message("Résultat de l’étude", "Assessment")
    proposal = Message("Proposition :", "Proposal:")
    outcome_approve = Message("Crédit accordé", "Credit granted")
    outcome_refer = Message("À la main du conseiller", "Adviser’s decision")
    outcome_decline = Message("Crédit refusé", "Credit refused")
    risk = Message(
        "Risque estimé de difficultés de paiement", "Estimated risk of payment difficulties"
    )
    threshold_note_approve = Message(
        "Le risque estimé est sous le seuil de {threshold}.",
        "The estimated risk is below the threshold of {threshold}.",
    )
    threshold_note_refer = Message(
        "Le risque estimé est proche du seuil de {threshold} : le conseiller examine le dossier et décide.",
        "The estimated risk is close to the threshold of {threshold}: the adviser reviews the file and decides.",
    )
    threshold_note_decline = Message(
        "Le risque estimé dépasse le seuil de {threshold}.",
        "The estimated risk is above the threshold of {threshold}.",
    )
    rules_note = Message(
        "Une règle s’applique, quel que soit le risque estimé :",
        "A rule applies, whatever the estimated risk:",
    )
    advisory = Message(
        "Cette proposition ne vaut décision qu’une fois confirmée par un conseiller.",
        "This proposal becomes a decision only once an adviser has confirmed it.",
    )
    rule_income_unknown = Message(
        "les revenus du client ne sont pas connus", "the client’s income is not known"
    )
    rule_minor = Message("le client est mineur", "the client is a minor")
    rule_instalment_above_income = Message(
        "la mensualité dépasse la part admise du revenu",
        "the instalment exceeds the admitted share of income",
    )
    rule_not_stated = Message(
        "il manque des informations, à demander au client :",
        "information is missing; please ask the client for:",
    )
    index_margin = Message(
        "Un autre entraînement du modèle pourrait déplacer cet indice de ± {margin}.",
        "Another training of the model could move this index by ± {margin}.",
    )
    other_unknown_fields = Message(
        "Inconnus, bien qu’ils comptent dans l’étude :",
        "Unknown, although they count in the assessment:",
    )
    threshold = Message("Seuil", "Threshold")
    points = Message("Points", "Points")
    points_hint = Message("(plus, c’est mieux)", "(more is better)")
    index = Message("Indice", "Index")
    gauge_title = Message("Position par rapport au seuil", "Position relative to the cut-off")
    gauge_label = Message(
        "Indice {index} sur une échelle de 0 à 1 où {cut} est le seuil : {zone}. Accord sous {low}, conseiller de {low} à {high}, refus au-dessus de {high}.",
        "Index {index} on a scale from 0 to 1 where {cut} is the cut-off: {zone}. Granted below {low}, adviser from {low} to {high}, refused above {high}.",
    )
    gauge_note = Message(
        "L’aiguille montre la place par rapport au seuil ({cut}) ; ce n’est pas une probabilité.",
        "The needle shows the place relative to the cut-off ({cut}); it is not a probability.",
    )
    zone_approve = Message("sous le seuil", "below the cut-off")
    zone_refer = Message("près du seuil", "near the cut-off")
    zone_decline = Message("au-dessus du seuil", "above the cut-off")
    key_approve = Message("Accord", "Grant")
    key_refer = Message("Conseiller", "Adviser")
    key_decline = Message("Refus", "Refuse")
    below = Message("moins de {high}", "under {high}")
    between = Message("{low} à {high}", "{low} to {high}")
    and_over = Message("{low} et plus", "{low} and over")
    record = Message(
        "Décision {id} · modèle {model} · politique {policy} · {at} UTC",
        "Decision {id} · model {model} · policy {policy} · {at} UTC",
    )
    decision_announcement = Message(
        "Client {client}. {outcome}. Risque estimé {risk}.",
        "Client {client}. {outcome}. Estimated risk {risk}.",
    )

    # Reasons
    reasons_for = Message("Ce qui joue le plus en faveur du dossier", "What counts most in favour")
    reasons_against = Message("Ce qui pèse le plus contre le dossier", "What weighs most against")
    reasons_none = Message("Aucun élément ne se détache.", "Nothing stands out.")
    steps_title = Message("Du client moyen à ce client", "From the average client to this client")
    steps_note = Message(
        "Chaque ligne ajoute ou retire des points. Plus de points, moins de risque.",
        "Each line adds or takes points. More points, less risk.",
    )
    adds_points = Message("ajoute des points : risque en baisse", "adds points: lower risk")
    removes_points = Message("retire des points : risque en hausse", "takes points: higher risk")
    item = Message("Élément", "Item")
    value = Message("Valeur", "Value")
    effect = Message("Effet", "Effect")
    average_client = Message("Client moyen", "Average client")
    this_client = Message("Ce client", "This client")
    other_items = Message("Autres éléments ({count})", "Other items ({count})")
    risk_value = Message("risque {risk}", "risk {risk}")
    points_short = Message("{points} pts", "{points} pts")
    labelled_value = Message("{label} : {value}", "{label}: {value}")
    and_one_more = Message("et 1 autre", "and 1 more")
    and_more = Message("et {count} autres", "and {count} more")
    by_feature = Message(
        "Détail des {count} éléments les plus lourds", "The {count} heaviest items"
    )

    # Position
    position_title = Message("Par rapport aux autres clients", "Compared with other clients")
    choose_feature = Message("Élément à comparer", "Item to compare")
    similar = Message("Clients au risque comparable seulement", "Clients of similar risk only")
    similar_note = Message(
        "Clients du même cinquième de risque estimé.",
        "Clients of the same fifth of estimated risk.",
    )
    similar_means_note = Message(
        "Moyennes et rang restent ceux de tous les clients.",
        "Averages and rank remain those of all clients.",
    )
    without_difficulties = Message("Sans difficultés", "Without difficulties")
    with_difficulties = Message("Avec difficultés", "With difficulties")
    mean_without = Message("Moyenne sans difficultés", "Average without difficulties")
    mean_with = Message("Moyenne avec difficultés", "Average with difficulties")
    share_with = Message("Part en difficulté", "Share with difficulties")
    percentile = Message(
        "{share} des clients ont une valeur inférieure ou égale.",
        "{share} of clients have a lower or equal value.",
    )
    range_note = Message(
        "Parmi les {count} clients de la même tranche, {share} ont eu des difficultés de paiement.",
        "Of the {count} clients in the same range, {share} had payment difficulties.",
    )
    category_note = Message(
        "Parmi les {count} clients de cette catégorie, {share} ont eu des difficultés de paiement.",
        "Of the {count} clients in this category, {share} had payment difficulties.",
    )
    unknown_value_note = Message(
        "Valeur non connue pour ce client, comme pour {count} autres.",
        "Not known for this client, as for {count} others.",
    )
    clients_compared = Message("{count} clients comparés.", "{count} clients compared.")
    chart_label = Message("{feature}. Ce client : {value}.", "{feature}. This client: {value}.")
    show_figures = Message("Voir les chiffres", "Show the figures")
    other_categories = Message("Autres ({count})", "Others ({count})")

    # Units
    days, one_days = Message("jours", "days"), Message("jour", "day")
    months, one_months = Message("mois", "months"), Message("mois", "month")
    years, one_years = Message("ans", "years"), Message("an", "year")
    hour = Message("h", "h")
