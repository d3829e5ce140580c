"""Where settings are read from."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from twin2multicloud.app.settings import Settings


class SettingsFromOutside(BaseSettings, Settings):
    """Settings of which those that are not given come from the environment, or the file that it names."""

    model_config = SettingsConfigDict(
        env_prefix="T2M_", env_nested_delimiter="__", extra="ignore", frozen=True, secrets_dir=None
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Options come before the environment, that before the file named by `T2M_CONFIG`."""
        del dotenv_settings, file_secret_settings
        found: tuple[PydanticBaseSettingsSource, ...] = (init_settings, env_settings)
        file = os.environ.get("T2M_CONFIG")
        return (*found, TomlConfigSettingsSource(settings_cls, Path(file))) if file else found
