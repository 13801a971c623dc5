// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// The table of named dialogues. What they have in common: they change nothing, need no account
// where the protocol allows that, and go as far as it takes to know that the service works and not
// only listens. A server that says "log in first" is up: it has understood. One that says "starting
// up", "too many connections" or "your host is blocked" is not. The notation of bytes is explained
// in dialogue_bytes.h, the places in braces in dialogue_rows.h; the source of a message stands
// beside it.
#include "probe/protocols.h"

#include <algorithm>

namespace tocsin {
namespace {

using enum Transport;

// --- messages that are long
// -----------------------------------------------------------------------

// GET / with the nonce of RFC 6455, section 1.3; the answer to it is in the RFC too.
constexpr std::string_view kWebsocketRequest =
    "GET / HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
constexpr std::string_view kWebsocketAnswer =
    "'HTTP/1.1 101' * 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=' * 0d0a0d0a";

// RFC 3261, section 11.
constexpr std::string_view kSipOptionsTcp =
    "OPTIONS sip:{host} SIP/2.0\r\nVia: SIP/2.0/TCP tocsin.invalid;branch=z9hG4bK{nonce};rport\r\n"
    "Max-Forwards: 70\r\nFrom: <sip:tocsin@tocsin.invalid>;tag={nonce}\r\nTo: <sip:{host}>\r\n"
    "Call-ID: {nonce}@tocsin.invalid\r\nCSeq: 1 OPTIONS\r\n"
    "Contact: <sip:tocsin@tocsin.invalid>\r\nContent-Length: 0\r\n\r\n";
constexpr std::string_view kSipOptionsUdp =
    "OPTIONS sip:{host} SIP/2.0\r\nVia: SIP/2.0/UDP tocsin.invalid;branch=z9hG4bK{nonce};rport\r\n"
    "Max-Forwards: 70\r\nFrom: <sip:tocsin@tocsin.invalid>;tag={nonce}\r\nTo: <sip:{host}>\r\n"
    "Call-ID: {nonce}@tocsin.invalid\r\nCSeq: 1 OPTIONS\r\n"
    "Contact: <sip:tocsin@tocsin.invalid>\r\nContent-Length: 0\r\n\r\n";
constexpr std::string_view kSipAnswer =
    "SIP/2.0 1|SIP/2.0 2|SIP/2.0 401|SIP/2.0 403|SIP/2.0 404|SIP/2.0 405|SIP/2.0 407|SIP/2.0 415|"
    "SIP/2.0 420|SIP/2.0 481|SIP/2.0 483|SIP/2.0 488|SIP/2.0 501";

// The name servers of the root, recursion desired (RFC 1035, section 4). An answer without error,
// "no such name" and "refused" come from a server that works, "server failure" does not.
constexpr std::string_view kDnsQuery = "r0 r1 01 00 00 01 00 00 00 00 00 00 00 00 02 00 01";
constexpr std::string_view kDnsQueryTcp =
    "00 11 r0 r1 01 00 00 01 00 00 00 00 00 00 00 00 02 00 01";
constexpr std::string_view kDnsAnswer = "r0 r1 8? ?0 | r0 r1 8? ?3 | r0 r1 8? ?5";
constexpr std::string_view kDnsAnswerTcp = "be2 r0 r1 8? ?0 | be2 r0 r1 8? ?3 | be2 r0 r1 8? ?5";

// A client's packet (RFC 5905, section 7.3), the nonce for a transmit time; a server sends that
// back. The first byte says no leap, one more or one less; version 4 or 3; and a server. A server
// that is not synchronised says so in the place of the leap.
constexpr std::string_view kNtpRequest = "23 00x39 r0 r1 r2 r3 r4 r5 r6 r7";
constexpr std::string_view kNtpAnswer =
    "24 ??x23 r0 r1 r2 r3 r4 r5 r6 r7 ??x16 | "
    "64 ??x23 r0 r1 r2 r3 r4 r5 r6 r7 ??x16 | "
    "a4 ??x23 r0 r1 r2 r3 r4 r5 r6 r7 ??x16 | "
    "1c ??x23 r0 r1 r2 r3 r4 r5 r6 r7 ??x16 | "
    "5c ??x23 r0 r1 r2 r3 r4 r5 r6 r7 ??x16 | "
    "9c ??x23 r0 r1 r2 r3 r4 r5 r6 r7 ??x16";

// isMaster of `admin` as OP_MSG (MongoDB's documentation, "Wire Protocol"): 4.4 and older know no
// `hello`.
constexpr std::string_view kMongoRequest =
    "37 00 00 00 r0 r1 r2 r3 00 00 00 00 dd 07 00 00 00 00 00 00 00 22 00 00 00 10 'isMaster' 00 "
    "01 00 00 00 02 '$db' 00 06 00 00 00 'admin' 00 00";
constexpr std::string_view kMongoAnswer =
    "le4-4 ??x4 r0 r1 r2 r3 dd 07 00 00 * 01 'ok' 00 00 00 00 00 00 00 f0 3f";

// HandshakeResponse41 of a user "tocsin" without a password: who ends before it counts as a failed
// connect, and max_connect_errors of them block the host. OK, a demand for another way to
// authenticate, and "access denied" (1045, 1251, 1698) all come from a server that works.
constexpr std::string_view kMysqlLogin =
    "28 00 00 01 01 82 00 00 00 00 00 01 21 00x23 'tocsin' 00 00";
constexpr std::string_view kMysqlAnswer =
    "le3+1 02 00 | le3+1 02 fe | le3+1 02 ff 15 04 | le3+1 02 ff e3 04 | le3+1 02 ff a2 06";

// StartupMessage of a user "tocsin"; then a demand for authentication, or an error of the classes
// "invalid authorization" and "no such database". Unlike SSLRequest, it is refused while the server
// starts up. Who ends before the password leaves no line in the log.
constexpr std::string_view kPostgresStartup = "00 00 00 15 00 03 00 00 'user' 00 'tocsin' 00 00";
constexpr std::string_view kPostgresAnswer =
    "'R' be4-4 | 'E' be4-4 * 00 'C28' | 'E' be4-4 * 00 'C3D'";

// An anonymous bind, version 3 (RFC 4511, section 4.2). Success, or a refusal of anonymous binds:
// strongerAuthRequired, inappropriateAuthentication, unwillingToPerform.
constexpr std::string_view kLdapBind = "30 0c 02 01 01 60 07 02 01 03 04 00 80 00";
constexpr std::string_view kLdapAnswer =
    "30 ber 02 01 01 61 ber 0a 01 00 | 30 ber 02 01 01 61 ber 0a 01 08 | "
    "30 ber 02 01 01 61 ber 0a 01 30 | 30 ber 02 01 01 61 ber 0a 01 35";

// CONNECT of MQTT 3.1.1, a clean session; accepted, or "who are you?".
constexpr std::string_view kMqttConnect = "10 2c 00 04 'MQTT' 04 02 00 3c 00 20 {nonce}";
constexpr std::string_view kMqttAnswer = "20 02 ?? 00 | 20 02 ?? 04 | 20 02 ?? 05";

// Status-Server with a Message-Authenticator (RFC 5997, section 3).
constexpr std::string_view kRadiusStatus =
    "0c r0 00 26 r0 r1 r2 r3 r4 r5 r6 r7 r8 r9 ra rb rc rd re rf 50 12 {hmac_md5}";

// Whose engine are you? (RFC 3414, section 4): no user, no community. The answer is a report of
// usmStatsUnknownEngineIDs.
constexpr std::string_view kSnmpDiscovery =
    "30 3e 02 01 03 30 11 02 04 4a r1 r2 r3 02 03 00 ff e3 04 01 04 02 01 03 "
    "04 10 30 0e 04 00 02 01 00 02 01 00 04 00 04 00 04 00 "
    "30 14 04 00 04 00 a0 0e 02 04 4a r1 r2 r3 02 01 00 02 01 00 30 00";
constexpr std::string_view kSnmpAnswer =
    "30 ber 02 01 03 30 ber 02 04 4a r1 r2 r3 * 2b 06 01 06 03 0f 01 01 04";

// A binding request (RFC 5389, section 6).
constexpr std::string_view kStunRequest =
    "00 01 00 00 21 12 a4 42 r0 r1 r2 r3 r4 r5 r6 r7 r8 r9 ra rb";
constexpr std::string_view kStunAnswer =
    "01 01 ?? ?? 21 12 a4 42 r0 r1 r2 r3 r4 r5 r6 r7 r8 r9 ra rb";

constexpr std::string_view kXmppOpen =
    "<?xml version='1.0'?><stream:stream to='{host}' version='1.0' xmlns='jabber:client' "
    "xmlns:stream='http://etherx.jabber.org/streams'>";
// RFC 6120; a server that is not of that name is one all the same.
constexpr std::string_view kXmppAnswer = "* '<stream:features' * '>' | * '<host-unknown'";

// PRELOGIN (MS-TDS, section 2.2.6.5): version and encryption.
constexpr std::string_view kMssqlPrelogin =
    "12 01 00 1a 00 00 00 00 00 00 0b 00 06 01 00 11 00 01 ff 11 00 00 00 00 00 02";

// Pickled lists, as fail2ban-client sends and gets them; the rest of the answer's pickle depends on
// Python's version.
constexpr std::string_view kFail2banPing =
    "80 02 5d 71 00 58 04 00 00 00 'ping' 71 01 61 2e '<F2B_END_COMMAND>'";
constexpr std::string_view kFail2banBye = "'<F2B_CLOSE_COMMAND><F2B_END_COMMAND>'";

// --- the table
// ------------------------------------------------------------------------------------

// Rows are for people to read, so that clang-format keeps off. Sorted by name: protocol, transport,
// ports, steps (what is sent, what is wanted, how to call it).
// clang-format off
constexpr Protocol kProtocols[]{
    {"ajp", tcp, 8009, 0,  // Tomcat's connector: CPing, CPong
     {{{say_bytes("12 34 00 01 0a"), bytes("'AB' 00 01 09"), "CPong to AJP's CPing"}}}},
    {"amqp", tcp, 5672, 5671,  // 0-9-1: Connection.Start
     {{{say_bytes("'AMQP' 00 00 09 01"), bytes("01 00 00 be4+1 00 0a 00 0a"),
        "AMQP 0-9-1's Connection.Start"}}}},
    {"amqp1", tcp, 5672, 5671,  // 1.0, section 2.2; a broker may ask for SASL or TLS first
     {{{say_bytes("'AMQP' 00 01 00 00"), bytes("'AMQP' 0? 01 00 00"), "the header of AMQP 1.0"}}}},
    {"beanstalkd", tcp, 11300, 0,
     {{{say("list-tube-used\r\n"), line("USING "), "USING and a tube's name"}}},
     say("quit\r\n")},
    {"cassandra", tcp, 9042, 9142,  // OPTIONS, SUPPORTED: CQL binary protocol v4
     {{{say_bytes("04 00 00 00 05 00 00 00 00"), bytes("8? 00 00 00 06 be4"),
        "Cassandra's SUPPORTED"}}}},
    {"clamav", tcp, 3310, 0,
     {{{say_bytes("'zPING' 00"), bytes("'PONG'"), "PONG of clamd"}}},
     {}, "/run/clamav/clamd.ctl"},
    {"coap", udp, 5683, 0,  // an empty message is reset: RFC 7252, section 4.3
     {{{say_bytes("40 00 r0 r1"), bytes("70 00 r0 r1"), "a reset to CoAP's ping"}}}},
    {"dict", tcp, 2628, 0,  // RFC 2229
     {{{kSayNothing, reply("220"), "a greeting of DICT (220)"}}},
     say("QUIT\r\n")},
    {"dns", tcp, 53, 853,
     {{{say_bytes(kDnsQueryTcp), bytes(kDnsAnswerTcp), "an answer of DNS without failure"}}}},
    {"dns", udp, 53, 0,
     {{{say_bytes(kDnsQuery), bytes(kDnsAnswer), "an answer of DNS without failure"}}}},
    {"epmd", tcp, 4369, 0,  // Erlang's port mapper: NAMES_REQ
     {{{say_bytes("00 01 6e"), bytes("00 00 ?? ??"), "the names of epmd"}}}},
    {"fail2ban", tcp, 0, 0,
     {{{say_bytes(kFail2banPing), bytes("80 * 'pong' * '<F2B_END_COMMAND>'"), "pong of fail2ban"}}},
     say_bytes(kFail2banBye), "/run/fail2ban/fail2ban.sock"},
    {"fastcgi", tcp, 9000, 0,  // FCGI_GET_VALUES: specification, section 4.1; PHP-FPM, too
     {{{say_bytes("01 09 00 00 00 11 00 00 0f 00 'FCGI_MPXS_CONNS'"), bytes("01 0a 00 00 be2"),
        "FastCGI's values"}}}},
    {"ftp", tcp, 21, 990,  // RFC 959
     {{{kSayNothing, reply("220"), "a greeting of FTP (220)"}}},
     say("QUIT\r\n")},
    {"gearman", tcp, 4730, 0, {{{say("version\n"), line("OK |0.|1."), "a version of Gearman"}}}},
    {"git", tcp, 9418, 0,  // an ERR packet or refs: gitprotocol-pack(5)
     {{{say_bytes("'001cgit-upload-pack /tocsin' 00"), bytes("'0' ??x3"), "a packet of git"}}}},
    {"gpsd", tcp, 2947, 0, {{{kSayNothing, line("{\"class\":\"VERSION\""), "a version of gpsd"}}}},
    {"haproxy", tcp, 0, 0,  // its `stats socket`
     {{{say("show info\n"), bytes("'Name: '"), "the info of HAProxy"}}},
     {}, "/run/haproxy/admin.sock"},
    {"imap", tcp, 143, 993,  // RFC 3501
     {{{kSayNothing, line("* OK|* PREAUTH"), "a greeting of IMAP (* OK)"},
       {say("t1 NOOP\r\n"), until("t1 |* BYE", "t1 OK"), "OK to NOOP"}}},
     say("t2 LOGOUT\r\n")},
    {"irc", tcp, 6667, 6697,  // RFC 2812: a pong, or "you have not registered"
     {{{say("PING :tocsin\r\n"), bytes("* ' 451 ' | * 'PONG '"), "PONG or 451 of IRC"}}},
     say("QUIT\r\n")},
    {"kafka", tcp, 9092, 9093,  // ApiVersions, version 0
     {{{say_bytes("00 00 00 10 00 12 00 00 r0 r1 r2 r3 00 06 'tocsin'"),
        bytes("be4 r0 r1 r2 r3 00 00"), "Kafka's API versions"}}}},
    {"ldap", tcp, 389, 636,
     {{{say_bytes(kLdapBind), bytes(kLdapAnswer), "LDAP's answer to an anonymous bind"}}},
     say_bytes("30 05 02 01 02 42 00")},
    {"lmtp", tcp, 24, 0,  // RFC 2033
     {{{kSayNothing, reply("220"), "a greeting of LMTP (220)"},
       {say("LHLO tocsin\r\n"), reply("250"), "250 to LHLO"}}},
     say("QUIT\r\n")},
    {"memcached", tcp, 11211, 0,
     {{{say("version\r\n"), line("VERSION "), "a version of memcached"}}},
     say("quit\r\n")},
    {"memcached", udp, 11211, 0,  // with its frame header: protocol.txt
     {{{say_bytes("r0 r1 00 00 00 01 00 00 'version' 0d 0a"),
        bytes("r0 r1 00 00 00 01 ?? ?? 'VERSION '"), "a version of memcached"}}}},
    {"minecraft", tcp, 25565, 0,  // the server list's ping that all versions answer
     {{{say_bytes("fe 01"), bytes("ff be2"), "an answer to Minecraft's ping"}}}},
    {"mongodb", tcp, 27017, 0,
     {{{say_bytes(kMongoRequest), bytes(kMongoAnswer), "MongoDB's answer to isMaster"}}}},
    {"mpd", tcp, 6600, 0,
     {{{kSayNothing, line("OK MPD "), "a greeting of MPD (OK MPD)"}}},
     say("close\n")},
    {"mqtt", tcp, 1883, 8883,
     {{{say_bytes(kMqttConnect), bytes(kMqttAnswer), "MQTT's CONNACK"}}},
     say_bytes("e0 00")},
    {"mssql", tcp, 1433, 0,
     {{{say_bytes(kMssqlPrelogin), bytes("04 01 be2-4 ??x4 00"), "SQL Server's PRELOGIN"}}}},
    {"mumble", udp, 64738, 0,  // an unencrypted ping
     {{{say_bytes("00 00 00 00 r0 r1 r2 r3 r4 r5 r6 r7"),
        bytes("??x4 r0 r1 r2 r3 r4 r5 r6 r7 ??x12"), "Mumble's answer to a ping"}}}},
    {"munin", tcp, 4949, 0,
     {{{kSayNothing, line("# munin node at"), "a greeting of munin-node"}}},
     say("quit\n")},
    {"mysql", tcp, 3306, 0,
     {{{kSayNothing, bytes("le3+1 00 0a"), "a greeting of MySQL or MariaDB"},
       {say_bytes(kMysqlLogin), bytes(kMysqlAnswer), "an answer to a login without a password"}}},
     {}, "/run/mysqld/mysqld.sock"},
    {"nats", tcp, 4222, 0,
     {{{kSayNothing, line("INFO {"), "NATS's INFO"},
       {say("CONNECT {\"verbose\":false,\"name\":\"tocsin\"}\r\nPING\r\n"),
        until("PONG|-ERR", "PONG|-ERR 'Authorization"), "PONG of NATS"}}}},
    {"nntp", tcp, 119, 563,  // RFC 3977
     {{{kSayNothing, line("200|201"), "a greeting of NNTP (200 or 201)"}}},
     say("QUIT\r\n")},
    {"ntp", udp, 123, 0,
     {{{say_bytes(kNtpRequest), bytes(kNtpAnswer), "the time of a synchronised NTP server"}}}},
    {"nut", tcp, 3493, 0,  // upsd
     {{{say("VER\n"), line("Network UPS Tools"), "a version of upsd"}}},
     say("LOGOUT\n")},
    {"pop3", tcp, 110, 995,  // RFC 1939
     {{{kSayNothing, line("+OK"), "a greeting of POP3 (+OK)"}}},
     say("QUIT\r\n")},
    {"postgres", tcp, 5432, 0,
     {{{say_bytes(kPostgresStartup), bytes(kPostgresAnswer), "PostgreSQL's answer to a login"}}},
     {}, "/run/postgresql/.s.PGSQL.5432"},
    {"radius", udp, 1812, 0,  // Access-Accept, or Accounting-Response of the accounting port
     {{{say_bytes(kRadiusStatus), bytes("02 r0 | 05 r0"), "an answer to RADIUS's Status-Server"}}},
     {}, {}, PasswordUse::required},
    {"rdp", tcp, 3389, 0,  // MS-RDPBCGR, section 2.2.1.1: connection request and confirm
     {{{say_bytes("03 00 00 13 0e e0 00 00 00 00 00 01 00 08 00 03 00 00 00"),
        bytes("03 00 be2-4 ?? d0"), "RDP's connection confirm"}}}},
    {"redis", tcp, 6379, 0,  // Valkey, KeyDB and Sentinel, too
     {{{say("*2\r\n$4\r\nAUTH\r\n${password_size}\r\n{password}\r\n"), line("+OK"), "+OK to AUTH",
        true},
       {say("PING\r\n"), line("+PONG|-NOAUTH"), "+PONG of Redis"}}},
     {}, "/run/redis/redis-server.sock", PasswordUse::optional},
    {"rsync", tcp, 873, 874,
     {{{kSayNothing, line("@RSYNCD: "), "a greeting of rsync (@RSYNCD)"},
       {say("@RSYNCD: 30.0\n#list\n"), until("@RSYNCD: EXIT|@ERROR", "@RSYNCD: EXIT"),
        "the modules of rsync"}}}},
    {"rtsp", tcp, 554, 322,  // RFC 2326, section 10.1
     {{{say("OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: Tocsin\r\n\r\n"),
        line("RTSP/1.0 2|RTSP/1.0 401"), "RTSP's answer to OPTIONS (200)"}}}},
    {"sieve", tcp, 4190, 0,  // RFC 5804
     {{{kSayNothing, until("OK|NO|BYE", "OK"), "the capabilities of ManageSieve and OK"}}},
     say("LOGOUT\r\n")},
    {"sip", tcp, 5060, 5061,
     {{{say(kSipOptionsTcp), line(kSipAnswer), "SIP's answer to OPTIONS"}}}},
    {"sip", udp, 5060, 0, {{{say(kSipOptionsUdp), line(kSipAnswer), "SIP's answer to OPTIONS"}}}},
    {"smtp", tcp, 25, 465,  // RFC 5321
     {{{kSayNothing, reply("220"), "a greeting of SMTP (220)"},
       {say("EHLO tocsin\r\n"), reply("250"), "250 to EHLO"}}},
     say("QUIT\r\n")},
    {"snmp", udp, 161, 0,
     {{{say_bytes(kSnmpDiscovery), bytes(kSnmpAnswer), "an SNMPv3 engine's report"}}}},
    {"socks5", tcp, 1080, 0,  // RFC 1928: no authentication, or by password
     {{{say_bytes("05 02 00 02"), bytes("05 00 | 05 02"), "a method of SOCKS5"}}}},
    {"source_engine", udp, 27015, 0,  // A2S_INFO of game servers; a challenge or the info
     {{{say_bytes("ff ff ff ff 'TSource Engine Query' 00"),
        bytes("ff ff ff ff 49 | ff ff ff ff 41"), "the info of a Source server"}}}},
    {"spamassassin", tcp, 783, 0,  // spamd's PROTOCOL
     {{{say("PING SPAMC/1.2\r\n\r\n"), bytes("'SPAMD/' ?? '.' ?? ' 0 PONG'"), "PONG of spamd"}}}},
    {"ssh", tcp, 22, 0,  // RFC 4253, sections 4.2 and 7.1: versions, then KEXINIT
     {{{kSayNothing, until("SSH-", "SSH-2.0-|SSH-1.99-"), "a greeting of SSH (SSH-2.0)"},
       {say("SSH-2.0-Tocsin\r\n"), bytes("be4 ?? 14"), "SSH's key exchange"}}}},
    {"stun", tcp, 3478, 5349, {{{say_bytes(kStunRequest), bytes(kStunAnswer), "STUN's binding"}}}},
    {"stun", udp, 3478, 0, {{{say_bytes(kStunRequest), bytes(kStunAnswer), "STUN's binding"}}}},
    {"teamspeak", tcp, 10011, 0,  // its ServerQuery
     {{{kSayNothing, line("TS3"), "a greeting of TeamSpeak (TS3)"}}},
     say("quit\n")},
    {"tor", tcp, 9051, 0,  // its control port
     {{{say("PROTOCOLINFO 1\r\n"), reply("250"), "250 to PROTOCOLINFO"}}},
     say("QUIT\r\n"), "/run/tor/control"},
    {"vnc", tcp, 5900, 0,  // RFC 6143, section 7.1.1
     {{{kSayNothing, bytes("'RFB ' ??x3 '.' ??x3 0a"), "a greeting of VNC (RFB)"}}}},
    {"websocket", tcp, 80, 443,
     {{{say(kWebsocketRequest), bytes(kWebsocketAnswer), "101 to a WebSocket's handshake"}}}},
    {"xmpp", tcp, 5222, 5223,
     {{{say(kXmppOpen), bytes(kXmppAnswer), "the features of XMPP"}}},
     say("</stream:stream>")},
    {"zabbix_agent", tcp, 10050, 0,  // agent.ping, 1
     {{{say_bytes("'ZBXD' 01 0a 00 00 00 00 00 00 00 'agent.ping'"),
        bytes("'ZBXD' 01 le4+4 00 00 00 00 '1'"), "1 of Zabbix's agent"}}}},
    {"zookeeper", tcp, 2181, 2281,
     {{{say("srvr"), bytes("'Zookeeper version'"), "the version of ZooKeeper"}}}},
};
// clang-format on

}  // namespace

std::span<const Protocol> protocols() noexcept {
  return kProtocols;
}

const Protocol* find_protocol(std::string_view name, Transport transport) noexcept {
  for (const Protocol& each : kProtocols) {
    if (each.name == name && each.transport == transport) return &each;
  }
  return nullptr;
}

std::vector<std::string_view> protocol_names(Transport transport) {
  std::vector<std::string_view> out;
  for (const Protocol& each : kProtocols) {
    if (each.transport == transport) out.push_back(each.name);
  }
  return out;
}

Dialogue dialogue_of(const Protocol& protocol, const RowFilling& filling, bool greeted) {
  std::span<const RowStep> rows = protocol.steps;
  if (greeted && rows.front().send.text.empty()) rows = rows.subspan(1);
  Dialogue out = make_dialogue(rows, filling);
  out.farewell = make_outgoing(protocol.farewell, filling);
  return out;
}

}  // namespace tocsin
