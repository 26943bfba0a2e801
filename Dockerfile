# Bailiff, production dependencies only: no embedded Postgres, no local chain. DATABASE_URL is required.
FROM node:24-slim
ENV NODE_ENV=production BAILIFF_HTTP_HOST=0.0.0.0 BAILIFF_HTTP_PORT=8080
WORKDIR /app
COPY package.json package-lock.json ./
COPY patches ./patches
RUN npm ci --omit=dev --ignore-scripts && node patches/apply.mjs
COPY config ./config
COPY sql ./sql
COPY src ./src
COPY docs/runbook.md ./docs/runbook.md
USER node
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.BAILIFF_HTTP_PORT + '/health/live').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
CMD ["node", "src/main.ts", "start"]
