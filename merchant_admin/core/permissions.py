"""Who may do what. Routes name a permission; a role is a set of them; everything else is refused."""

from enum import StrEnum


class Permission(StrEnum):
    VIEW = "view"  # lists and details, personal data masked
    REVEAL = "reveal"  # see masked personal data, logged
    EDIT_CUSTOMERS = "edit_customers"
    IMPORT_CUSTOMERS = "import_customers"  # thousands at once, from a file
    REGISTER_CARDS = "register_cards"
    CHARGE = "charge"
    REFUND = "refund"
    DELETE_CARDS = "delete_cards"
    KEY_IN = "key_in"  # type a customer's card number, where the setting allows it at all
    MANAGE_STAFF = "manage_staff"
    VIEW_AUDIT = "view_audit"
    VIEW_NUMBERS = "view_numbers"  # how the business does: monthly revenue, churn
    EDIT_PLANS = "edit_plans"  # what subscriptions cost, and how refusals are dealt with
    EDIT_NOTICES = "edit_notices"  # what customers are told, word for word


class Role(StrEnum):
    VIEWER = "viewer"
    CLERK = "clerk"
    MANAGER = "manager"
    OWNER = "owner"


_VIEWER = frozenset({Permission.VIEW})
_CLERK = _VIEWER | {Permission.REVEAL, Permission.EDIT_CUSTOMERS, Permission.REGISTER_CARDS, Permission.CHARGE}
_MANAGER = _CLERK | {
    Permission.REFUND,
    Permission.DELETE_CARDS,
    Permission.VIEW_AUDIT,
    Permission.KEY_IN,
    Permission.IMPORT_CUSTOMERS,
    Permission.EDIT_PLANS,
    Permission.EDIT_NOTICES,
}
_OWNER = _MANAGER | {Permission.MANAGE_STAFF, Permission.VIEW_NUMBERS}

PERMISSIONS_OF: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: _VIEWER,
    Role.CLERK: _CLERK,
    Role.MANAGER: _MANAGER,
    Role.OWNER: _OWNER,
}


def may(role: Role, permission: Permission) -> bool:
    """Whether people of this role hold this permission."""
    return permission in PERMISSIONS_OF[role]
