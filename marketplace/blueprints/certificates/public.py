"""Functions of certificates that other domains may call."""

from marketplace.blueprints.certificates.contracts import CertificateIntake, CertificateShelf
from marketplace.blueprints.certificates.wiring import Certificates
from marketplace.web.runtime import Runtime


def shelf(parts: Runtime) -> CertificateShelf:
    """Public reads of certificates."""
    return parts.get(Certificates).shelf


def intake(parts: Runtime) -> CertificateIntake:
    """Takes certificates that come with something else."""
    return parts.get(Certificates).intake
