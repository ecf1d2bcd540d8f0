#!/usr/bin/env bash
# Runs once, when the database server's volume is new: for each service a database, an owner and a working role.
set -euo pipefail

for service in matching scheduling notifications analytics; do
    psql --quiet --set=ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
        --set=base="mentoring_$service" --set=owner="mentoring_${service}_owner" \
        --set=owner_password="$MENTORING_OWNER_PASSWORD" --set=password="$MENTORING_APP_PASSWORD" <<'SQL'
CREATE ROLE :"owner" LOGIN PASSWORD :'owner_password';
CREATE ROLE :"base" LOGIN PASSWORD :'password';
CREATE DATABASE :"base" OWNER :"owner";
REVOKE ALL ON DATABASE :"base" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"base" TO :"base";
SQL
done
