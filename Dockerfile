FROM python:3.11-slim-bookworm
# tini reaps the lines: they are double-forked children of the nursery and fall to process 1 when they end
RUN apt-get update \
 && apt-get install -y --no-install-recommends tini \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/hotline
COPY requirements.lock .
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
RUN pip install --no-cache-dir --no-deps --no-build-isolation -e . \
 && useradd --create-home --uid 10001 hotline \
 && install -d -o hotline -g hotline -m 0700 /var/lib/hotline \
 && install -d -o hotline -g hotline build
USER hotline
# classifier and recogniser are part of the image: every container starts with the same ones, at once
RUN hotline train --built-in \
 && python -c "from pathlib import Path; from telephony.scribe.model_files import ensure_embedded; ensure_embedded(Path('build'))"
ENTRYPOINT ["tini", "--"]
CMD ["hotline", "--help"]
