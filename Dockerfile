# The image of Warren: control plane and agent in one, with nothing to build with. Any Docker from 19.03 on builds it,
# BuildKit or not; the build reaches for the two base images, the npm registry and Debian's archive.
#
#   docker build -t warren .
#   docker run warren                                  # a control plane, as user warren
#   docker run --user root --device /dev/net/tun --cap-drop ALL --cap-add NET_ADMIN --cap-add SYS_ADMIN … warren agent …
#
# docs/compose.md says what each capability is for.

FROM node:24-bookworm-slim AS builder
ENV npm_config_update_notifier=false npm_config_fund=false npm_config_audit=false
WORKDIR /src
COPY . .
RUN npm run --silent pack
# As any user would install it, for the processor of this machine only; then what is in the packages for people who
# compile against them.
RUN npm install --prefix /opt/warren --omit=dev --no-package-lock build/packages/*.tgz \
  && rm -r /opt/warren/node_modules/node-linux-*/include /opt/warren/node_modules/node-linux-*/CHANGELOG.md

FROM debian:bookworm-slim
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Warren" \
  org.opencontainers.image.description="An overlay network for pods, containers and VMs that can be seen through" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="$VERSION" \
  org.opencontainers.image.revision="$REVISION" \
  org.opencontainers.image.base.name="docker.io/library/debian:bookworm-slim"
# ip and bridge make interfaces and routes; the library of nft is the packet filter. nsenter is in the base image.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends iproute2 nftables \
  && rm -rf /var/lib/apt/lists/* /var/cache/apt/*
# The control plane's user. The group of the run directory is root's, whom an agent without DAC_OVERRIDE must be content
# to be.
RUN useradd --uid 7480 --user-group --home-dir /var/lib/warren --shell /usr/sbin/nologin warren \
  && install -d -o warren -g root -m 0770 /run/warren \
  && install -d -m 0755 /var/lib/warren \
  && install -d -o warren -m 0700 /var/lib/warren/control \
  && install -d -m 0700 /var/lib/warren/agent
COPY --from=builder /opt/warren /opt/warren
COPY compose/*.mjs /opt/warren/compose/
RUN ln -s /opt/warren/node_modules/.bin/warren /opt/warren/node_modules/.bin/node /usr/local/bin/ \
  && warren version
USER warren
# Agents connect to 7443; health, metrics and the page are on 7480 where --http and --page say so.
EXPOSE 7443 7480 4789/udp 51820/udp
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["warren", "status"]
ENTRYPOINT ["warren"]
CMD ["control"]
