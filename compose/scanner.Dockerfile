# A scanner. From the root of the repository, for NVIDIA (torch of PyPI brings CUDA's libraries along):
#   docker build -t fediward-scanner-nvidia:0.1.0 -f compose/scanner.Dockerfile .
# TORCH_INDEX takes torch from elsewhere: see scanner.cpu.yaml and scanner.amd.yaml.
ARG BASE=docker.io/library/python:3.12-slim-bookworm

FROM ${BASE} AS build
ARG TORCH_INDEX=https://pypi.org/simple
WORKDIR /src
RUN python3 -m venv /opt/fediward \
    && /opt/fediward/bin/pip install --no-cache-dir --disable-pip-version-check \
        --index-url "${TORCH_INDEX}" "torch>=2.9" "torchvision>=0.24"
COPY pyproject.toml README.md LICENSE ./
COPY coordinator coordinator
COPY scanner scanner
COPY shared shared
RUN /opt/fediward/bin/pip install --no-cache-dir --disable-pip-version-check '.[scanner,nvidia]'

FROM ${BASE}
LABEL org.opencontainers.image.title="fediward-scanner" \
      org.opencontainers.image.licenses="AGPL-3.0-or-later"
COPY --from=build /opt/fediward /opt/fediward
RUN groupadd --gid 991 fediward \
    && useradd --uid 991 --gid 991 --no-create-home --home-dir /cache --shell /usr/sbin/nologin fediward \
    && install --directory --owner 991 --group 991 --mode 0700 /cache
ENV PATH=/opt/fediward/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    FEDIWARD_CACHE=/cache \
    FEDIWARD_STATE_DIR=/cache/state
USER 991:991
WORKDIR /opt/fediward
VOLUME /cache
ENTRYPOINT ["fediward-scanner"]
CMD ["run"]
