# The API, the worker and the command line of plinth; docker-compose.yml runs one container of each of the first two.
FROM node:22.20.0-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev

FROM packages AS compiled
COPY core core
COPY machine machine
COPY net net
COPY store store
COPY tracing tracing
COPY vault vault
COPY activities activities
COPY workflows workflows
COPY watch watch
COPY api api
COPY console console
COPY worker worker
COPY embedded embedded
COPY cli cli
COPY bin bin
COPY scripts/compile.ts scripts/compile.ts
RUN node --import tsx scripts/compile.ts /compiled
RUN node bin/compileCli.js /compiled/cli
RUN install -D -m 0755 bin/plinth.sh /compiled/bin/plinth

FROM node:22.20.0-bookworm-slim
ENV NODE_ENV=production \
    PATH=/app/bin:$PATH \
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
# exec form: SIGTERM reaches the process itself. The worker's command is node worker/main.js, the command line's plinth.
CMD ["node", "api/main.js"]
