# Starts Grafana in its container: brings back what a former instance knew, sees that the administrator has the password
# in Secret Manager, and keeps what this instance learns. Run by the image's own sh (BusyBox).
#
# Cloud Run takes a container's disk away with it. So where STATE names a directory that stays (a bucket), Grafana's
# database is copied there every few minutes and at the end. It is copied while Grafana stands still, journal included:
# as after a power cut, which SQLite is made to survive. The password may be written after Grafana has started.
#
# Commands are put in backquotes: a dollar and a bracket would look like a variable to Cloud Run.

data=${GF_PATHS_DATA:-/var/lib/grafana}
metadata=http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token

field() {
  sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p"
}

# A header that is a secret comes over the standard input, for anybody can read a process's arguments.
password() {
  token=`curl -fsS -m 10 -H "Metadata-Flavor: Google" $metadata | field access_token`
  echo "Authorization: Bearer $token" \
    | curl -fsS -m 10 -H @- "https://secretmanager.googleapis.com/v1/$ADMIN_SECRET/versions/latest:access" \
    | field data | base64 -d
}

administrator() {
  found=
  while sleep "${LOOK_EVERY_S:-10}"; do
    now=`password 2>/dev/null`
    if [ -n "$now" ] && [ "$now" != "$found" ]; then
      echo "$now" | grafana cli --homepath /usr/share/grafana admin reset-admin-password --password-from-stdin \
        >/dev/null && found=$now
    fi
    # A new password is taken within minutes; the secret costs an access each time.
    [ -z "$found" ] || sleep 290
  done
}

save() {
  [ -n "$STATE" ] || return 0
  kill -STOP $grafana 2>/dev/null
  (cd $data && tar -c -f /tmp/saved.tar grafana.db*)
  kill -CONT $grafana 2>/dev/null
  # An object is replaced as a whole once it is written.
  cp /tmp/saved.tar "$STATE/grafana.tar"
}

stop() {
  kill $administrator
  kill -TERM $grafana
  wait $grafana
  save
  exit 0
}

if [ -n "$STATE" ] && [ -f "$STATE/grafana.tar" ]; then
  tar -x -f "$STATE/grafana.tar" -C $data
fi

# Nobody knows this one: it keeps others out until the real one is there.
GF_SECURITY_ADMIN_PASSWORD=`head -c 48 /dev/urandom | base64 | tr -d '/+=' | cut -c 1-40`
export GF_SECURITY_ADMIN_PASSWORD

${RUN:-/run.sh} &
grafana=$!
administrator &
administrator=$!
trap stop TERM INT

while kill -0 $grafana 2>/dev/null; do
  sleep "${SAVE_EVERY_S:-300}" &
  wait $!
  if kill -0 $grafana 2>/dev/null; then save; fi
done
kill $administrator
wait $grafana
