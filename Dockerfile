FROM python:3.13-slim AS build
WORKDIR /clique
COPY requirements requirements
RUN python -m venv .venv && .venv/bin/pip install --no-cache-dir --require-hashes -r requirements/demo.txt
COPY . .
RUN .venv/bin/python -m clique_app.demo.frontend

FROM python:3.13-slim
RUN useradd --create-home clique
WORKDIR /clique
COPY requirements/app.txt requirements/app.txt
RUN pip install --no-cache-dir --require-hashes -r requirements/app.txt
COPY alembic alembic
COPY clique_app clique_app
COPY tasks tasks
COPY pyproject.toml rxconfig.py ./
RUN rm -r clique_app/sandbox
COPY --from=build /clique/.web/build .web/build
COPY --from=build /clique/.web/backend .web/backend
COPY --from=build /clique/.web/routes.json .web/routes.json
RUN chown -R clique .web && install -d -o clique /archive
USER clique
ENV __REFLEX_SKIP_COMPILE=true \
    __REFLEX_MOUNT_FRONTEND_COMPILED_APP=true \
    REFLEX_ENV_MODE=prod \
    REFLEX_OPLOCK_ENABLED=true \
    REFLEX_TELEMETRY_ENABLED=false \
    PYTHONUNBUFFERED=1
EXPOSE 8080
HEALTHCHECK CMD python -c "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/health/ready', timeout=3)"
CMD ["uvicorn", "--factory", "clique_app.clique_app:app", "--host", "0.0.0.0", "--port", "8080", "--no-access-log"]
