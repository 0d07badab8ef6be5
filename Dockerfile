# Two images: `web` without the machine-learning libraries, `worker` with them. Every dependency is a wheel
# of the lock files, checked by its hash; nothing is compiled.
#   docker build --target web -t matchday-web . && docker build --target worker -t matchday-worker .
ARG PYTHON=3.13.5-slim-bookworm

FROM python:${PYTHON} AS packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
RUN python -m venv /opt/matchday
COPY requirements.txt ./
RUN /opt/matchday/bin/pip install --require-hashes --only-binary :all: -r requirements.txt

FROM packages AS packages-worker
COPY requirements-worker.txt ./
RUN /opt/matchday/bin/pip install --require-hashes --only-binary :all: -r requirements-worker.txt

FROM packages AS program
COPY . .
RUN pip wheel --no-deps --wheel-dir /wheels .

FROM python:${PYTHON} AS base
ENV PATH=/opt/matchday/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    ENVIRONMENT=production \
    API_HOST=0.0.0.0 \
    MATCHDAY_HOME=/var/lib/matchday \
    ARTIFACTS=/var/lib/matchday/artifacts
RUN useradd --system --uid 10001 --home-dir /var/lib/matchday --create-home matchday \
    && install -d -o matchday -g matchday /var/lib/matchday/artifacts
WORKDIR /var/lib/matchday

FROM base AS web
COPY --from=packages /opt/matchday /opt/matchday
RUN --mount=type=bind,from=program,source=/wheels,target=/wheels \
    pip install --no-cache-dir --no-deps --no-index /wheels/*.whl
USER matchday
EXPOSE 8000
CMD ["matchday", "api"]

FROM base AS worker
COPY --from=packages-worker /opt/matchday /opt/matchday
RUN --mount=type=bind,from=program,source=/wheels,target=/wheels \
    pip install --no-cache-dir --no-deps --no-index /wheels/*.whl
USER matchday
CMD ["matchday", "worker"]
