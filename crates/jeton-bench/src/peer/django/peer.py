"""Django REST framework's API keys (djangorestframework-api-key) in SQLite. Writes a key to key.txt, and prints its address."""

import json
import os
import socket
from pathlib import Path

import django
import waitress
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path

settings.configure(
    SECRET_KEY=os.environ["PEER_SECRET"],
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "rest_framework_api_key"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "peer.db", "CONN_MAX_AGE": None}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    MIDDLEWARE=[],
    USE_TZ=True,
)
django.setup()

from rest_framework_api_key.models import APIKey  # noqa: E402  it needs the settings above


def verify(request):
    is_valid = APIKey.objects.is_valid(json.loads(request.body)["key"])
    text = '{"valid":true}' if is_valid else '{"valid":false}'
    return HttpResponse(text, content_type="application/json", headers={"Content-Length": len(text)})


urlpatterns = [path("", verify)]

call_command("migrate", verbosity=0)
Path("key.txt").write_text(APIKey.objects.create_key(name="bench")[1])
listener = socket.create_server(("127.0.0.1", 0), backlog=128)
print(f"127.0.0.1:{listener.getsockname()[1]}", flush=True)
waitress.serve(get_wsgi_application(), sockets=[listener], threads=4, _quiet=True)
