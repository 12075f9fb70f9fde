# The API and the worker of plinth; docker-compose.yml runs one container of each.
FROM node:22.20.0-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev

FROM node:22.20.0-bookworm-slim
ENV NODE_ENV=production \
    PLINTH_HOST=0.0.0.0 \
    PLINTH_DATA=/data
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY package.json tsconfig.json ./
COPY core core
COPY machine machine
COPY store store
COPY vault vault
COPY activities activities
COPY workflows workflows
COPY api api
COPY worker worker
COPY cli cli
COPY embedded embedded
COPY bin bin
RUN install -d -o node -g node -m 0700 /data
USER node
VOLUME /data
EXPOSE 8080
# exec form: SIGTERM reaches the process itself. The worker's command is worker/main.ts.
CMD ["node", "--import", "tsx", "api/main.ts"]
