FROM python:3.11-slim-bookworm
WORKDIR /opt/hotline
COPY requirements.lock .
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
RUN pip install --no-cache-dir --no-deps --no-build-isolation -e . \
 && useradd --create-home --uid 10001 hotline \
 && mkdir -p /var/lib/hotline build \
 && chown -R hotline /var/lib/hotline build
USER hotline
CMD ["hotline", "--help"]
