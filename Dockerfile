# Bailiff, production dependencies only: no embedded Postgres, no local chain. DATABASE_URL is required.
# The first stage installs; its npm cache and sources stay behind.
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
COPY patches ./patches
# The lock names the gate client's package as a workspace; the daemon itself runs from src.
COPY packages/gate-client/package.json ./packages/gate-client/package.json
COPY packages/verify/package.json ./packages/verify/package.json
# Packages of the venue's SDK bring a compiler, a formatter and a test bank along. Nothing of the daemon loads them.
RUN npm ci --omit=dev --ignore-scripts && node patches/apply.mjs && rm -rf node_modules/typescript node_modules/@typescript node_modules/prettier node_modules/solana-bankrun-*
COPY config ./config
COPY sql ./sql
COPY src ./src
COPY docs/runbook.md ./docs/runbook.md

FROM node:24-slim
ENV NODE_ENV=production BAILIFF_HTTP_HOST=0.0.0.0 BAILIFF_HTTP_PORT=8080
WORKDIR /app
COPY --from=build /app /app
USER node
EXPOSE 8080
# Whether the process makes progress. A node or a Postgres that is away is no reason to restart it: /health/ready tells that.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.BAILIFF_HTTP_PORT + '/health/live').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
CMD ["node", "src/main.ts", "start"]
