#!/usr/bin/env bash
# Prints what to tell Magento to keep its cache, page cache and sessions in this server:
#
#   server/magento.sh [HOST [PORT [PASSWORD]]]
set -euo pipefail

host="${1:-127.0.0.1}"
port="${2:-6379}"
password="${3:-}"
backend='Magento\\Framework\\Cache\\Backend\\Redis'

# The words that name the password, where there is one.
option() { [[ -z $password ]] || echo " --$1-password=$password"; }
entry() { [[ -z $password ]] || echo " 'password' => '$password',"; }

# The command line of one Magento line. Database 0 is the cache, 1 the page cache, 2 the sessions.
config_set() {
  local kind=$1
  cat << END
bin/magento setup:config:set --no-interaction \\
  --cache-backend=$kind --cache-backend-$kind-server=$host \\
  --cache-backend-$kind-port=$port --cache-backend-$kind-db=0$(option cache-backend-$kind) \\
  --page-cache=$kind --page-cache-$kind-server=$host \\
  --page-cache-$kind-port=$port --page-cache-$kind-db=1$(option page-cache-$kind) \\
  --session-save=$kind --session-save-$kind-host=$host \\
  --session-save-$kind-port=$port --session-save-$kind-db=2$(option session-save-$kind)
END
}

echo "Magento up to 2.4.8:"
echo
config_set redis
echo
echo "Magento 2.4.9 and later (should sessions stay in files, use the session options above):"
echo
config_set valkey
echo
echo "Or in app/etc/env.php, up to 2.4.8 (2.4.9: 'backend' => 'valkey'):"
echo
cat << END
'cache' => ['frontend' => [
  'default' => ['backend' => '$backend', 'backend_options' => [
    'server' => '$host', 'port' => '$port',$(entry) 'database' => '0', 'use_lua' => '1']],
  'page_cache' => ['backend' => '$backend', 'backend_options' => [
    'server' => '$host', 'port' => '$port',$(entry) 'database' => '1', 'compress_data' => '0']],
]],
'session' => ['save' => 'redis', 'redis' => [
  'host' => '$host', 'port' => '$port',$(entry) 'database' => '2', 'max_concurrency' => '6']],
END
