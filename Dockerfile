# Builds with everything, ships what runs: the compiled server, the web pages and production packages.
FROM node:20-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# Packages bring their binaries ready-made; install scripts would only compile what is already there.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run build && npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:20-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 DATA_DIR=/data
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
RUN install -d -o node -g node -m 0700 /data
USER node
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Run it with `docker run --init` (docker-compose.yml does), so that orphans are reaped.
CMD ["node", "dist/server/main.js", "start"]
