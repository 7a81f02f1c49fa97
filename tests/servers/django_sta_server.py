"""django-ogc-sensorthings on SQLite: SensorThings 1.1 with text ids, small pages, and ways of its own."""

from __future__ import annotations

import subprocess
from datetime import datetime, timedelta, timezone
from typing import Any

import requests

from tests.servers.process import NoServer, Running, answers, free_port, scratch, start, venv_program

VENV = "django-sta"
STATIONS, VALUES = 12, 5
BEGIN = datetime(2026, 8, 21, 14, tzinfo=timezone.utc)
STEP = timedelta(minutes=5)

_SETTINGS = """
from uuid import UUID
SECRET_KEY = "for tests on this machine only"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "site_urls"
USE_TZ = True
INSTALLED_APPS = [
    "django.contrib.contenttypes", "sensorthings.versions.v1_1", "sensorthings.versions.v1_1.backends.django",
]
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": "sensors.sqlite"}}}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SENSORTHINGS_V1_1_SERVICE_URL = "http://127.0.0.1:{port}/sensorthings"
SENSORTHINGS_V1_1_BACKEND_ADAPTER = "sensorthings.versions.v1_1.backends.django.adapter.DjangoBackendAdapter"
SENSORTHINGS_V1_1_ID_TYPE = UUID
SENSORTHINGS_V1_1_ID_DELIMITER = "'"
"""
_URLS = """
from django.urls import include, path
urlpatterns = [path("sensorthings/", include("sensorthings.versions.v1_1.urls"))]
"""


def start_django_sta() -> tuple[str, Running]:
    """Its address (without the version) and its process; there are `STATIONS` with `VALUES` observations each."""
    port = free_port()
    folder = scratch(VENV)
    (folder / "site_settings.py").write_text(_SETTINGS.format(port=port), "utf-8")
    (folder / "site_urls.py").write_text(_URLS, "utf-8")
    environment = {"DJANGO_SETTINGS_MODULE": "site_settings", "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [venv_program(VENV, "python"), "-m", "django", "migrate"], cwd=folder, env=environment, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise NoServer(f"{VENV} could not make its tables: {done.stderr[-2000:]}")
    url = f"http://127.0.0.1:{port}/sensorthings"
    application = "django.core.wsgi:get_wsgi_application()"
    command = [
        venv_program(VENV, "gunicorn"), "-b", f"127.0.0.1:{port}", "--chdir", str(folder), "--no-control-socket",
        application,
    ]  # fmt: skip
    running = start(VENV, command, port=port, folder=folder, ready=answers(f"{url}/v1.1/"), env=environment)
    _fill(f"{url}/v1.1")
    return url, running


def _fill(url: str) -> None:
    def post(path: str, **entity: Any) -> dict[str, str]:
        answer = requests.post(f"{url}/{path}", json=entity, timeout=30)
        answer.raise_for_status()
        return {"@iot.id": answer.headers["Location"].split("('")[-1].split("')")[0]}

    words = {"description": "made up"}
    observed = [post("ObservedProperties", name=n, definition=f"urn:{n}", **words) for n in ("NO2", "PM10")]
    sensor = post("Sensors", name="sensor", encodingType="text/html", metadata="none", **words)
    for n in range(STATIONS):
        place = {"type": "Point", "coordinates": [4.4 + n / 100, 51.9]}
        location = {"name": "place", "encodingType": "application/geo+json", "location": place, **words}
        thing = post("Things", name=f"Station {n}", Locations=[location], **words)
        stream = post(
            "Datastreams",
            name=f"Stream {n}",
            observationType="http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
            unitOfMeasurement={"name": "microgram", "symbol": "µg/m³", "definition": "ucum:ug/m3"},
            Thing=thing,
            Sensor=sensor,
            ObservedProperty=observed[n % 2],
            **words,
        )
        for k in ((k * 3) % VALUES for k in range(VALUES)):  # not in their order
            moment = (BEGIN + k * STEP).isoformat().replace("+00:00", "Z")
            post("Observations", phenomenonTime=moment, resultTime=moment, result=n * 10 + k, Datastream=stream)
