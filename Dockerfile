# docker build -t outfitter .                          serving: detect, catalogue, recommend; no torch
# docker build -t outfitter --build-arg EXTRA=[learn] . training too; on a GPU with: docker run --gpus all outfitter …
#
# torch's wheels bring CUDA's libraries along, so one image serves CPU and GPU; the host brings the driver.
ARG PYTHON=3.11
FROM python:${PYTHON}-slim

ARG EXTRA=""
ENV PYTHONUNBUFFERED=1 \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility

# implicit, of the extras that learn from events, needs OpenMP, which the slim image lacks. Debian keeps one version only.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/outfitter
COPY pyproject.toml README.md LICENSE ./
COPY requirements requirements
COPY src src
RUN pip install --no-cache-dir --constraint requirements/constraints.txt ".${EXTRA}" \
    && useradd --create-home --uid 1000 outfitter

USER 1000
WORKDIR /data
ENTRYPOINT ["outfitter"]
CMD ["--help"]
