# The page for advisers: ui/ and its dependencies. The build context is the root of the project.
ARG BASE=docker.io/library/python:3.11-slim-bookworm

FROM ${BASE} AS install
COPY requirements/page.txt /tmp/requirements.txt
RUN python3 -m venv /app/.venv \
    && /app/.venv/bin/pip install --no-cache-dir --quiet --require-hashes -r /tmp/requirements.txt \
    && /app/.venv/bin/pip uninstall --quiet --yes setuptools pip

FROM ${BASE}
RUN groupadd --gid 1034 page \
    && useradd --uid 1034 --gid 1034 --no-create-home --home-dir /var/lib/credit page \
    && install --directory --owner=page --group=page /var/lib/credit
COPY --from=install /app/.venv /app/.venv
COPY ui /app/ui/
ENV LANG=C.UTF-8 PYTHONUNBUFFERED=1 PATH=/app/.venv/bin:/usr/local/bin:/usr/bin:/bin \
    CREDIT_HOME=/var/lib/credit CREDIT_HOST=0.0.0.0
WORKDIR /app
EXPOSE 7860
USER 1034:1034
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
    CMD python -c "import urllib.request as r; r.urlopen('http://127.0.0.1:${CREDIT_UI_PORT:-7860}/healthz')"
ENTRYPOINT ["python", "-m", "ui"]
