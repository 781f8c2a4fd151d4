# The base is an argument, so that a mirror, a digest or an image made on the spot can stand in. The default is Debian's
# slim flavour: glibc, as on most machines that develop and test this. Nothing is compiled, so Alpine's works too.
ARG BASE_IMAGE=node:24-slim

FROM ${BASE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Install scripts are off here as well: the only one fetches a Node.js, and the base image has its own.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN npm run build

FROM ${BASE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Types and source maps are half of the tree, and nothing reads them here.
RUN npm ci --omit=dev --ignore-scripts \
 && find node_modules -type f \( -name '*.ts' -o -name '*.[cm]ts' -o -name '*.map' \) -delete

FROM ${BASE_IMAGE}
# Version, revision and source are the release's to add (docker build --label).
LABEL org.opencontainers.image.title="claude-usage-metrics" \
      org.opencontainers.image.description="OpenTelemetry push agent for Claude usage windows and OpenRouter credits" \
      org.opencontainers.image.licenses="MIT"
WORKDIR /app
# All interfaces of the container: probes and scrapers are outside. HTTP_ADDRESS wins, wherever it is set.
ENV NODE_ENV=production \
    OTEL_EXPORTER_PROMETHEUS_HOST=0.0.0.0
EXPOSE 9464
# Everything stays root's: the agent writes nothing, and cannot change itself.
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY proto proto
COPY package.json LICENSE ./
# A number, as runAsNonRoot cannot look into a name; above 10000, so that it is nobody on the host.
USER 65532:65532
# No shell between the runtime and the agent: SIGTERM reaches it as PID 1. The dashes keep --env-file from Node itself.
ENTRYPOINT ["node", "--", "/app/dist/main.js"]
CMD ["run"]
