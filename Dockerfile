ARG BASE=python:3.12-slim-bookworm

FROM ${BASE} AS build
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements.lock requirements-build.lock ./
# What builds stays in /build; only what runs goes to /opt/relay.
RUN python3 -m venv /build \
 && python3 -m venv --without-pip /opt/relay \
 && /build/bin/python -m pip install --require-hashes -r requirements-build.lock \
 && /build/bin/python -m pip --python /opt/relay/bin/python install --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE rules.toml ./
COPY relay ./relay
COPY systemd ./systemd
RUN /build/bin/python -m pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
 && /build/bin/python -m pip --python /opt/relay/bin/python install --no-deps --no-index /wheels/*.whl \
 && /build/bin/python -m pip --python /opt/relay/bin/python uninstall --yes pip

FROM ${BASE}
RUN groupadd --gid 10001 relay \
 && useradd --no-log-init --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin relay \
 && install --directory --owner=relay --group=relay --mode=0700 /data
COPY --from=build /opt/relay /opt/relay
ENV PATH=/opt/relay/bin:$PATH PYTHONUNBUFFERED=1 RELAY_CONFIG=/etc/relay/rules.toml
# Mount rules.toml at /etc/relay, with database = "/data/relay.db"; secrets come as NAME, or as the file that NAME_FILE names.
VOLUME /data
WORKDIR /data
# By number, so that an orchestrator can see that it isn't root.
USER 10001:10001
# Asks where `listen` is by default, and well on a wildcard with that port; else give --health-cmd or --no-healthcheck.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["python3", "-c", "from urllib.request import ProxyHandler, build_opener; build_opener(ProxyHandler({})).open('http://127.0.0.1:8710/healthz', timeout=4)"]
ENTRYPOINT ["relay"]
CMD ["run"]
