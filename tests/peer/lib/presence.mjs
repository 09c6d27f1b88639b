// SPDX-License-Identifier: GPL-3.0-or-later
// Kamailio as what tells of registrations (RFC 3680) and keeps XCAP documents.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { DOMAIN, Kamailio } from './sip.mjs';

const TABLES = '/usr/share/kamailio/db_sqlite';
const MODULES = ['tm', 'tmx', 'sl', 'rr', 'pv', 'maxfwd', 'usrloc', 'registrar', 'textops', 'siputils',
    'auth', 'htable', 'db_sqlite', 'xhttp', 'presence', 'presence_xml', 'presence_reginfo', 'pua',
    'pua_reginfo', 'xcap_server'];

function write(port, dir) {
    const database = path.join(dir, 'peer.db');
    for (const name of ['standard', 'presence'])
        execFileSync('sqlite3', [database], { input: fs.readFileSync(`${TABLES}/${name}-create.sql`) });
    return `#!KAMAILIO
debug=1
log_stderror=yes
fork=yes
children=1
tcp_children=1
tcp_accept_no_cl=yes
alias="${DOMAIN}"
listen=udp:127.0.0.1:${port}
listen=tcp:127.0.0.1:${port}
${MODULES.map((name) => `loadmodule "${name}.so"`).join('\n')}
modparam("htable", "htable", "pw=>size=4;")
modparam("usrloc", "db_mode", 0)
modparam("registrar", "min_expires", 5)
modparam("presence|presence_xml|pua|xcap_server", "db_url", "sqlite:///${database}")
modparam("presence", "server_address", "sip:presence@127.0.0.1:${port}")
modparam("presence", "subs_db_mode", 0)
modparam("presence", "min_expires", 5)
modparam("presence_xml", "force_active", 1)
modparam("pua_reginfo", "default_domain", "${DOMAIN}")
modparam("pua_reginfo", "server_address", "sip:reginfo@${DOMAIN}")
modparam("pua_reginfo", "outbound_proxy", "sip:127.0.0.1:${port}")
modparam("xcap_server", "xcap_root", "/xcap-root/")
event_route[htable:mod-init] {
    $sht(pw=>u1) = "p1"; $sht(pw=>u2) = "p2"; $sht(pw=>u3) = "p3";
}
route[AUTH] {
    $var(pw) = "no";
    if ($au != $null && $sht(pw=>$au) != $null) { $var(pw) = $sht(pw=>$au); }
    if (is_method("REGISTER")) {
        if (!pv_www_authenticate("$td", "$var(pw)", "0")) { www_challenge("$td", "1"); exit; }
    } else if (!pv_proxy_authenticate("$fd", "$var(pw)", "0")) { proxy_challenge("$fd", "1"); exit; }
    consume_credentials();
}
request_route {
    if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
    if (has_totag()) {
        if (is_method("SUBSCRIBE") && uri==myself) { t_newtran(); handle_subscribe(); exit; }
        loose_route(); t_relay(); exit;
    }
    if (is_method("REGISTER")) { route(AUTH); if (!save("location")) sl_reply_error(); exit; }
    if (is_method("PUBLISH")) { t_newtran(); handle_publish(); exit; }
    if (from_uri==myself) route(AUTH);
    if (is_method("SUBSCRIBE")) { t_newtran(); handle_subscribe(); exit; }
    if (uri==myself && !lookup("location")) { sl_send_reply("404", "Not Found"); exit; }
    t_relay();
}
event_route[xhttp:request] {
    if (!($hu =~ "^/xcap-root/")) { xhttp_reply("404", "Not Found", "text/plain", "no"); exit; }
    $xcapuri(u=>data) = $hu;
    if ($rm == "PUT") xcaps_put("$xcapuri(u=>xuid)", "$hu", "$rb");
    else xcaps_get("$xcapuri(u=>xuid)", "$hu");
}
`;
}

export const startPresence = () => Kamailio.start({ write });
