# What moto leaves out of CloudTrail.
from moto.cloudtrail import models
from moto.core import DEFAULT_ACCOUNT_ID

MEMBER = "222233334444"

_describe, _get, _status = (
    models.CloudTrailBackend.describe_trails,
    models.CloudTrailBackend.get_trail,
    models.CloudTrailBackend.get_trail_status,
)


def organization_trails():
    backends = models.cloudtrail_backends[DEFAULT_ACCOUNT_ID].values()
    return [trail for backend in backends for trail in backend.trails.values() if trail.is_org_trail]


# An organization's trail is seen in its members' accounts.
def describe_trails(self, include_shadow_trails):
    trails = list(_describe(self, include_shadow_trails))
    return trails + (organization_trails() if self.account_id == MEMBER else [])


def get_trail(self, name_or_arn):
    shadows = organization_trails() if self.account_id == MEMBER else []
    return next((trail for trail in shadows if trail.arn == name_or_arn), None) or _get(self, name_or_arn)


# Delivery fails where a trail's name says so.
def get_trail_status(self, name):
    status = _status(self, name)
    if "undeliverable" not in name:
        return status

    class Status:
        def description(self):
            return status.description() | {"LatestDeliveryError": "AccessDenied"}

    return Status()


models.CloudTrailBackend.describe_trails = describe_trails
models.CloudTrailBackend.get_trail = get_trail
models.CloudTrailBackend.get_trail_status = get_trail_status
