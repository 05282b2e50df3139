"""French translations of the application form's categories; others keep the source's text."""

from __future__ import annotations

from credit.localised_text import Text

_FRENCH_BY_CATEGORY = {
    # contract
    "Cash loans": "Prêt personnel",
    "Revolving loans": "Crédit renouvelable",
    # accompanied by
    "Unaccompanied": "Personne",
    "Family": "Famille",
    "Spouse, partner": "Conjoint",
    "Children": "Enfants",
    "Group of people": "Groupe",
    "Other_A": "Autre (A)",
    "Other_B": "Autre (B)",
    # income
    "Working": "Salaire",
    "Commercial associate": "Associé commercial",
    "Pensioner": "Retraite",
    "State servant": "Fonction publique",
    "Businessman": "Chef d’entreprise",
    "Unemployed": "Sans emploi",
    "Student": "Études",
    "Maternity leave": "Congé maternité",
    # education
    "Secondary / secondary special": "Secondaire ou professionnel",
    "Higher education": "Supérieur",
    "Incomplete higher": "Supérieur inachevé",
    "Lower secondary": "Collège",
    "Academic degree": "Doctorat",
    # family
    "Married": "Marié(e)",
    "Single / not married": "Célibataire",
    "Civil marriage": "Union civile",
    "Separated": "Séparé(e)",
    "Widow": "Veuf ou veuve",
    # housing
    "House / apartment": "Maison ou appartement",
    "With parents": "Chez les parents",
    "Municipal apartment": "Logement municipal",
    "Rented apartment": "Location",
    "Office apartment": "Logement de fonction",
    "Co-op apartment": "Coopérative",
    # occupation
    "Laborers": "Ouvrier",
    "Sales staff": "Vente",
    "Core staff": "Personnel d’encadrement",
    "Managers": "Direction",
    "Drivers": "Conduite",
    "High skill tech staff": "Technicien qualifié",
    "Accountants": "Comptabilité",
    "Medicine staff": "Santé",
    "Security staff": "Sécurité",
    "Cooking staff": "Cuisine",
    "Cleaning staff": "Nettoyage",
    "Private service staff": "Service aux particuliers",
    "Low-skill Laborers": "Manœuvre",
    "Secretaries": "Secrétariat",
    "Waiters/barmen staff": "Service en salle et bar",
    "Realty agents": "Immobilier",
    "HR staff": "Ressources humaines",
    "IT staff": "Informatique",
    # employer
    "Self-employed": "Indépendant",
    "Other": "Autre",
    "Medicine": "Santé",
    "Government": "Administration",
    "School": "École",
    "Kindergarten": "École maternelle",
    "Construction": "Construction",
    "Military": "Armée",
    "Housing": "Gestion de logements",
    "Security": "Sécurité",
    "Bank": "Banque",
    "Police": "Police",
    "Agriculture": "Agriculture",
    "Postal": "Poste",
    "Security Ministries": "Ministères de la sécurité",
    "Services": "Services",
    "Restaurant": "Restauration",
    "University": "Université",
    "Electricity": "Électricité",
    "Hotel": "Hôtellerie",
    "Telecom": "Télécommunications",
    "Emergency": "Secours",
    "Insurance": "Assurance",
    "Culture": "Culture",
    "Advertising": "Publicité",
    "Realtor": "Agence immobilière",
    "Mobile": "Téléphonie mobile",
    "Legal Services": "Services juridiques",
    "Cleaning": "Nettoyage",
    "Religion": "Religion",
    # building
    "reg oper account": "Compte d’opérateur régional",
    "reg oper spec account": "Compte spécial d’opérateur régional",
    "org spec account": "Compte spécial d’organisation",
    "not specified": "Non précisé",
    "Panel": "Panneaux",
    "Stone, brick": "Pierre ou brique",
    "Block": "Blocs",
    "Wooden": "Bois",
    "Mixed": "Mixte",
    "Monolithic": "Monolithique",
    "Others": "Autres",
    # weekday
    "MONDAY": "Lundi",
    "TUESDAY": "Mardi",
    "WEDNESDAY": "Mercredi",
    "THURSDAY": "Jeudi",
    "FRIDAY": "Vendredi",
    "SATURDAY": "Samedi",
    "SUNDAY": "Dimanche",
}

_NUMBERED_EMPLOYERS = {
    "Business Entity Type": Text("Entreprise, type", "Business, type"),
    "Industry: type": Text("Industrie, type", "Industry, type"),
    "Trade: type": Text("Commerce, type", "Trade, type"),
    "Transport: type": Text("Transport, type", "Transport, type"),
}
"""Types of employer that the source distinguishes by a number only."""


def translate_category(category: str) -> Text:
    """Return the French and English text to display for a category.

    >>> translate_category("Industry: type 9")
    Text(fr='Industrie, type 9', en='Industry, type 9')
    >>> translate_category("MONDAY")
    Text(fr='Lundi', en='Monday')
    """
    stem, _, number = category.rpartition(" ")
    if stem in _NUMBERED_EMPLOYERS:
        employer = _NUMBERED_EMPLOYERS[stem]
        return Text(f"{employer.fr} {number}", f"{employer.en} {number}")
    english = category.capitalize() if category.isupper() else category
    return Text(_FRENCH_BY_CATEGORY.get(category, english), english)
