"""What can go wrong at the door, as types.

::

    AccountInvalid(field)      a user or client cannot be made like this
      └ AccountExists(field)   the name is taken
    AccountNotFound            no such user or client in this office
    RoleChangeNotFound         no such open role change in this office
    OwnRoleChange              one person may not both ask and decide, nor decide on themselves
    ClientNotWaiting           no such client waits for a decision in this office
    OwnClient                  who asked for a client does not decide on it
    ClientOff                  the client has been turned off, and stays so
    LoginRefused               unknown, wrong, locked or off: one type, one message
    FactorRefused              a second factor's code is wrong, used or not asked for
    ProviderNotFound           no such login provider, or it is off
    ProviderAway               a login provider cannot be reached or understood
    ProviderLoginRefused       a login by a provider that is not accepted: one type, one message
      ├ ProviderSaidNo         the provider itself let nobody in
      └ IdentityNotLinked      the provider knows the person, none of our accounts does
    SessionEnded               the login session is over, unknown or another office's
    RoleDenied(permission)     the role does not hold the permission
    ClientRefused              unknown client, wrong secret, off: one type, one message
    TokenRefused               an access token that is not ours, not valid or not any more
"""


class AccountInvalid(Exception):
    """A user or client cannot be made like this; ``field`` names what to change."""

    def __init__(self, field: str, message: str) -> None:
        """``message`` says what to do and never repeats a password."""
        super().__init__(message)
        self.field = field


class AccountExists(AccountInvalid):
    """The office has an account of this name already."""


class AccountNotFound(Exception):
    """The office has no such user or client."""

    def __init__(self) -> None:
        """One message for an absent account and another office's."""
        super().__init__("no such account in this office: check the name")


class RoleChangeNotFound(Exception):
    """The office has no such role change, or it has been decided."""

    def __init__(self) -> None:
        """One message for an absent change, a decided one and another office's."""
        super().__init__("no such role change is waiting: look at the list again")


class OwnRoleChange(Exception):
    """A role change needs two people, and the user it is about is neither."""

    def __init__(self) -> None:
        """One message for the asker and for the user."""
        super().__init__("a role change needs two people: another security administrator decides")


class ClientNotWaiting(Exception):
    """The client has been decided on."""

    def __init__(self) -> None:
        """One message for granted, refused and turned off."""
        super().__init__("no such client is waiting: look at the list again")


class OwnClient(Exception):
    """Machine access needs two people."""

    def __init__(self) -> None:
        """For the one who asked."""
        super().__init__("machine access needs two people: another person decides")


class ClientOff(Exception):
    """The client has been turned off or was refused."""

    def __init__(self) -> None:
        """Off is for good."""
        super().__init__("the client is off for good: ask for a new one")


class LoginRefused(Exception):
    """Nobody was let in; the reason stands in the audit entry and nowhere else."""

    def __init__(self) -> None:
        """One message for every reason, so that names and locks cannot be found out."""
        super().__init__("office, user name or password is wrong: check all three, or wait a while")


class FactorRefused(Exception):
    """A code of the second factor was not accepted."""

    def __init__(self) -> None:
        """One message for a wrong code, a used one and one of another moment."""
        super().__init__("the code was not accepted: wait for the next one and type that")


class ProviderNotFound(Exception):
    """The office has no such login provider, or it is switched off."""

    def __init__(self) -> None:
        """One message for an absent provider, one that is off and another office's."""
        super().__init__("no such login provider in this office: look at the list again")


class ProviderAway(Exception):
    """A login provider cannot be reached, or what it answers cannot be used."""

    def __init__(self, reason: str) -> None:
        """``reason`` is for operators and names no secret."""
        super().__init__(f"the login provider cannot be used: {reason}; try again or check it")
        self.reason = reason


class ProviderLoginRefused(Exception):
    """A login by a provider that is not accepted; ``reason`` is a word for the audit trail."""

    def __init__(self, reason: str, username: str = "") -> None:
        """``username`` is the account that was refused, where it is known."""
        super().__init__("the login was not accepted: begin again from the login page")
        self.reason = reason
        self.username = username


class ProviderSaidNo(ProviderLoginRefused):
    """The provider let nobody in, or the person gave up there."""


class IdentityNotLinked(ProviderLoginRefused):
    """The provider vouches for somebody whom no account here is linked to."""

    def __init__(self, subject: str, code: str) -> None:
        """``code`` is what the person tells an administrator; the subject is never shown."""
        super().__init__(f"unknown identity {code}")
        self.subject = subject
        self.code = code


class SessionEnded(Exception):
    """The login session is over: by time, by logout, or since its account is off."""

    def __init__(self) -> None:
        """One message for every reason."""
        super().__init__("the session has ended: log in again")


class RoleDenied(Exception):
    """The user's role does not hold ``permission``."""

    def __init__(self, permission: str) -> None:
        """``permission`` is one of :data:`minsheng.accounts.roles.PERMISSIONS`."""
        super().__init__(f"your role does not allow {permission}: ask your office's administrator")
        self.permission = permission


class ClientRefused(Exception):
    """The client is unknown, off, or its secret is wrong."""

    def __init__(self) -> None:
        """One message for every reason."""
        super().__init__("client id or secret is wrong: check both")


class TokenRefused(Exception):
    """An access token that cannot be accepted; ``reason`` is a word for operators."""

    def __init__(self, reason: str) -> None:
        """``reason`` is never a part of the token."""
        super().__init__("the access token is not valid: fetch a new one from /oauth/token")
        self.reason = reason
