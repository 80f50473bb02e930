ARG BASE=python:3.12-slim-bookworm

FROM ${BASE} AS build
WORKDIR /src
RUN python -m venv /opt/relay
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements.lock ./
RUN /opt/relay/bin/python -m pip install --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY relay ./relay
RUN /opt/relay/bin/python -m pip install --no-deps --no-build-isolation .

FROM ${BASE}
RUN groupadd --system --gid 10001 relay \
 && useradd --system --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin relay \
 && install --directory --owner=relay --group=relay --mode=0700 /data
COPY --from=build /opt/relay /opt/relay
ENV PATH=/opt/relay/bin:$PATH PYTHONUNBUFFERED=1 RELAY_CONFIG=/etc/relay/rules.toml
# Mount rules.toml at /etc/relay, with database = "/data/relay.db"; secrets come as NAME, or as the file that NAME_FILE names.
VOLUME /data
WORKDIR /data
# By number, so that an orchestrator can see that it isn't root.
USER 10001:10001
# Asks the default address of `listen`; where rules.toml has another, give --health-cmd or --no-healthcheck.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["python", "-c", "from urllib.request import ProxyHandler, build_opener; build_opener(ProxyHandler({})).open('http://127.0.0.1:8710/healthz', timeout=4)"]
ENTRYPOINT ["relay"]
CMD ["run"]
