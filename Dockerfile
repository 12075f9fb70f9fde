# The API and the worker of plinth; docker-compose.yml runs one container of each.
FROM node:22.20.0-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev

FROM packages AS compiled
COPY core core
COPY machine machine
COPY net net
COPY store store
COPY vault vault
COPY activities activities
COPY workflows workflows
COPY watch watch
COPY api api
COPY console console
COPY worker worker
COPY embedded embedded
COPY scripts/compile.ts scripts/compile.ts
RUN node --import tsx scripts/compile.ts /compiled

FROM node:22.20.0-bookworm-slim
ENV NODE_ENV=production \
    PLINTH_HOST=0.0.0.0 \
    PLINTH_DATA=/data \
    MALLOC_ARENA_MAX=2 \
    NODE_OPTIONS=--max-semi-space-size=2
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY --from=compiled /compiled ./
RUN install -d -o node -g node -m 0700 /data
USER node
VOLUME /data
EXPOSE 8080
# exec form: SIGTERM reaches the process itself. The worker's command is worker/main.js.
CMD ["node", "api/main.js"]
