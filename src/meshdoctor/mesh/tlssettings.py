"""What a service's environment says of its TLS."""

from pathlib import Path

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings

from meshdoctor.mesh.tlsfiles import TlsFileError, TlsFiles

_PARTS = ("tls_certificate", "tls_key", "tls_ca")


class TlsSettings(BaseSettings):
    """Settings of a service that can talk TLS; a service's own settings inherit them."""

    tls_certificate: Path | None = None
    """PEM file of the certificate that the service shows; without the three there is no TLS."""

    tls_key: Path | None = None
    """PEM file of its key."""

    tls_ca: Path | None = Field(default=None, validate_default=True)
    """PEM file of the CAs whose peers are believed, or a folder of such files."""

    @field_validator("tls_ca")
    @classmethod
    def _all_or_none(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        given = {name: info.data.get(name) for name in _PARTS[:2]} | {_PARTS[2]: value}
        missing = [name for name, path in given.items() if path is None]
        if 0 < len(missing) < len(given):
            names = " and ".join(cls._variable(name) for name in missing)
            raise ValueError(f"TLS needs three files, and {names} names none")
        return value

    @property
    def tls_files(self) -> TlsFiles | None:
        """Where the files are; None when TLS is off."""
        if self.tls_certificate is None or self.tls_key is None or self.tls_ca is None:
            return None
        return TlsFiles(self.tls_certificate, self.tls_key, self.tls_ca)

    def tls_trouble(self) -> str | None:
        """Return why the files cannot be used, in one sentence that names the variable."""
        try:
            if self.tls_files is not None:
                self.tls_files.read()
        except TlsFileError as error:
            return f"{self._variable(f'tls_{error.part}')} cannot be used: {error}"
        return None

    @classmethod
    def _variable(cls, name: str) -> str:
        return f"{cls.model_config.get('env_prefix', '')}{name}".upper()
