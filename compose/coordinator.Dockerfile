# The coordinator, without torch. From the root of the repository:
#   docker build -t fediward-coordinator:0.1.0 -f compose/coordinator.Dockerfile .
ARG BASE=docker.io/library/python:3.13-slim-bookworm

FROM ${BASE} AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY coordinator coordinator
COPY scanner scanner
COPY shared shared
RUN python3 -m venv /opt/fediward \
    && /opt/fediward/bin/pip install --no-cache-dir --disable-pip-version-check '.[notify,pdq,sweep]' \
    && rm -rf /opt/fediward/lib/python3*/site-packages/pip*

FROM ${BASE}
LABEL org.opencontainers.image.title="fediward-coordinator" \
      org.opencontainers.image.licenses="AGPL-3.0-or-later"
COPY --from=build /opt/fediward /opt/fediward
# A volume that is made new takes owner and mode from here.
RUN groupadd --gid 991 fediward \
    && useradd --uid 991 --gid 991 --no-create-home --home-dir /data --shell /usr/sbin/nologin fediward \
    && install --directory --owner 991 --group 991 --mode 0700 /data
ENV PATH=/opt/fediward/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    FEDIWARD_DATA_DIR=/data
USER 991:991
WORKDIR /opt/fediward
VOLUME /data
EXPOSE 14051 14052
ENTRYPOINT ["fediward-coordinator"]
CMD ["serve"]
