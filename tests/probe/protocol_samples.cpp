// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/protocol_samples.h"

#include <algorithm>

namespace tocsin {
namespace {

using enum Transport;

constexpr RowSend hex(std::string_view notation) { return say_bytes(notation); }

}  // namespace

// Answers as the real servers give them; where one of them is in servers_test.cpp, copied from it.
// clang-format off
const std::vector<ProtocolSample>& protocol_samples() {
  static const std::vector<ProtocolSample> kSamples{
      {"ajp", tcp, {hex("'AB' 00 01 09")}, {{hex("'AB' 00 01 03")}}},
      {"amqp", tcp,
       {hex("01 00 00 00 00 00 0c 00 0a 00 0a 00 09 00 00 00 00 00 00 ce")},
       {{hex("'AMQP' 00 00 09 01")}, {hex("01 00 00 00 00 00 04 00 0a 00 32 ce")}}},
      {"amqp1", tcp, {hex("'AMQP' 03 01 00 00")}, {{hex("'AMQP' 00 00 09 01")}}},
      {"beanstalkd", tcp, {say("USING default\r\n")}, {{say("DRAINING\r\n")}}},
      {"cassandra", tcp,
       {hex("84 00 00 00 06 00 00 00 02 00 00")},
       {{hex("84 00 00 00 00 00 00 00 0d 00 00 10 00 00 07 'booting'")}}},
      {"clamav", tcp, {hex("'PONG' 00")}, {{hex("'UNKNOWN COMMAND' 00")}}},
      {"coap", udp, {hex("70 00 r0 r1")}, {{hex("60 00 r0 r1")}, {hex("70 00 00 00 00")}}},
      {"dict", tcp, {say("220 dict.example dictd <auth.mime>\r\n")}, {{say("420 later\r\n")}}},
      {"dns", tcp,
       {hex("00 11 r0 r1 81 85 00 01 00 00 00 00 00 00 00 00 02 00 01")},
       {{hex("00 11 r0 r1 81 82 00 01 00 00 00 00 00 00 00 00 02 00 01")},
        {hex("00 11 00 00 01 80 00 01 00 00 00 00 00 00 00 00 02 00 01")}}},
      {"dns", udp,
       {hex("r0 r1 81 80 00 01 00 01 00 00 00 00 00 00 02 00 01")},
       {{hex("r0 r1 81 82 00 01 00 00 00 00 00 00 00 00 02 00 01")},
        {hex("r0 r1 01 00 00 01 00 00 00 00 00 00 00 00 02 00 01")}}},
      {"epmd", tcp, {hex("00 00 11 11 'name rabbit at port 25672' 0a")}, {{hex("11 11 00 00")}}},
      {"fail2ban", tcp,
       {hex("80 04 95 0c 00 00 00 00 00 00 00 4b 00 8c 04 'pong' 94 86 94 2e '<F2B_END_COMMAND>'")},
       {{hex("'no such thing<F2B_END_COMMAND>'")}}},
      {"fastcgi", tcp,
       {hex("01 0a 00 00 00 12 00 00 0f 01 'FCGI_MPXS_CONNS0'")},
       {{hex("01 0b 00 00 00 08 00 00 09 00 00 00 00 00 00 00")}}},
      {"ftp", tcp, {say("220-hello\r\n all\r\n220 (vsFTPd 3.0.3)\r\n")},
       {{say("421 too many users\r\n")}, {say("421 no\r\n")}}},
      {"gearman", tcp, {say("OK 1.1.19.1\n")}, {{say("ERR unknown_command\n")}}},
      {"git", tcp,
       {say("003dERR access denied or repository not exported: /tocsin")},
       {{say("fatal: no")}}},
      {"gpsd", tcp, {say("{\"class\":\"VERSION\",\"release\":\"3.22\"}\r\n")}, {{say("{}\n")}}},
      {"haproxy", tcp, {say("Name: HAProxy\nVersion: 2.6.12\n\n")}, {{say("Unknown command.\n")}}},
      {"imap", tcp,
       {say("* OK Dovecot ready.\r\n"), say("* 1 EXISTS\r\nt1 OK NOOP completed.\r\n")},
       {{say("* BYE too many connections\r\n")}, {say("* OK ready\r\n"), say("t1 BAD what?\r\n")}}},
      {"irc", tcp, {say(":irc.example 451 * :Connection not registered\r\n")},
       {{say("ERROR :Closing link: banned\r\n")}}},
      {"kafka", tcp,
       {hex("00 00 00 0a r0 r1 r2 r3 00 00 00 00 00 00")},
       {{hex("00 00 00 0a r0 r1 r2 r3 00 23 00 00 00 00")}}},
      {"ldap", tcp,
       {hex("30 0c 02 01 01 61 07 0a 01 00 04 00 04 00")},
       {{hex("30 0c 02 01 01 61 07 0a 01 34 04 00 04 00")},
        {hex("30 80 02 01 01 61 07 0a 01 00 04 00 04 00")}}},
      {"lmtp", tcp, {say("220 lmtp.example\r\n"), say("250-lmtp.example\r\n250 CHUNKING\r\n")},
       {{say("220 lmtp.example\r\n"), say("500 what?\r\n")}, {say("421 busy\r\n")}}},
      {"memcached", tcp, {say("VERSION 1.6.18\r\n")}, {{say("ERROR\r\n")}}},
      {"memcached", udp,
       {hex("r0 r1 00 00 00 01 00 00 'VERSION 1.6.18' 0d 0a")},
       {{hex("r0 r1 00 00 00 01 00 00 'ERROR' 0d 0a")}}},
      {"minecraft", tcp, {hex("ff 00 02 00 a7 00 31")}, {{hex("00 00 02 00 a7 00 31")}}},
      {"mongodb", tcp,
       {hex("28 00 00 00 07 00 00 00 r0 r1 r2 r3 dd 07 00 00 00 00 00 00 00 "
            "11 00 00 00 01 'ok' 00 00 00 00 00 00 00 f0 3f 00 00 00")},
       {{hex("26 00 00 00 07 00 00 00 r0 r1 r2 r3 dd 07 00 00 00 00 00 00 00 "
             "11 00 00 00 01 'ok' 00 00 00 00 00 00 00 00 00 00")}}},
      {"mpd", tcp, {say("OK MPD 0.23.5\n")}, {{say("ACK [5@0] {} no\n")}}},
      {"mqtt", tcp, {hex("20 02 00 00")}, {{hex("20 02 00 03")}, {hex("20 02 00 01")}}},
      {"mssql", tcp,
       {hex("04 01 00 15 00 00 01 00 00 00 06 00 06 ff 0f 00 07 d0 00 00 02")},
       {{hex("04 01 00 09 00 00 01 00 aa")}}},
      {"mumble", udp,
       {hex("00 01 04 00 r0 r1 r2 r3 r4 r5 r6 r7 00 00 00 01 00 00 00 64 00 01 1f 40")},
       {{hex("00 01 04 00 00 00 00 00 00 00 00 00 00 00 00 01 00 00 00 64 00 01 1f 40")}}},
      {"munin", tcp, {say("# munin node at web-01\n")}, {{say("# no access\n")}}},
      {"mysql", tcp,
       {hex("0f 00 00 00 0a '10.11.6' 00 01 02 03 04 05 06"),
        hex("07 00 00 02 ff 15 04 '#280'")},
       {{hex("10 00 00 00 ff 69 04 'Host is block'")},
        {hex("0f 00 00 00 0a '10.11.6' 00 01 02 03 04 05 06"), hex("03 00 00 02 ff 10 04")}}},
      {"nats", tcp, {say("INFO {\"server_id\":\"x\"} \r\n"), say("PONG\r\n")},
       {{say("INFO {} \r\n"), say("-ERR 'Secure Connection - TLS Required'\r\n")},
        {say("ERROR no\r\n")}}},
      {"nntp", tcp, {say("201 no posting\r\n")}, {{say("400 not now\r\n")}}},
      {"ntp", udp,
       {hex("24 02 06 e9 00x20 r0 r1 r2 r3 r4 r5 r6 r7 00x16")},
       {{hex("e4 10 06 e9 00x20 r0 r1 r2 r3 r4 r5 r6 r7 00x16")},
        {hex("24 02 06 e9 00x20 00x8 00x16")},
        {hex("24 02 06 e9 00x20 r0 r1 r2 r3 r4 r5 r6 r7")}}},
      {"nut", tcp, {say("Network UPS Tools upsd 2.8.0 - http://www.networkupstools.org/\n")},
       {{say("ERR ACCESS-DENIED\n")}}},
      {"pop3", tcp, {say("+OK Dovecot ready.\r\n")}, {{say("-ERR [SYS/TEMP] busy\r\n")}}},
      {"postgres", tcp,
       {hex("'R' 00 00 00 17 00 00 00 0a 'SCRAM-SHA-256' 00 00")},
       {{hex("'E' 00 00 00 2c 'SFATAL' 00 'C57P03' 00 'Mit is starting up' 00 'Fxyz' 00 00")},
        {say("N")}}},
      {"radius", udp,
       {hex("02 r0 00 14 00x16")},
       {{hex("03 r0 00 14 00x16")}}, "password: hunter22"},
      {"rdp", tcp,
       {hex("03 00 00 13 0e d0 00 00 12 34 00 02 00 08 00 02 00 00 00")},
       {{hex("03 00 00 07 02 f0 80")}}},
      {"redis", tcp, {say("+OK\r\n"), say("+PONG\r\n")},
       {{say("+OK\r\n"), say("-LOADING Redis is loading the dataset in memory\r\n")},
        {say("-WRONGPASS invalid username-password pair or user is disabled.\r\n")}},
       "password: hunter22"},
      {"rsync", tcp, {say("@RSYNCD: 31.0\n"), say("data           \tthe data\n@RSYNCD: EXIT\n")},
       {{say("@RSYNCD: 31.0\n"), say("@ERROR: access denied\n")}, {say("ssh: no\n")}}},
      {"rtsp", tcp, {say("RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n")},
       {{say("RTSP/1.0 503 Service Unavailable\r\n\r\n")}}},
      {"sieve", tcp, {say("\"IMPLEMENTATION\" \"Dovecot\"\r\nOK \"ready.\"\r\n")},
       {{say("BYE \"busy\"\r\n")}}},
      {"sip", tcp, {say("SIP/2.0 200 OK\r\n\r\n")}, {{say("SIP/2.0 503 Unavailable\r\n\r\n")}}},
      {"sip", udp, {say("SIP/2.0 405 Method Not Allowed\r\n\r\n")},
       {{say("SIP/2.0 500 Oops\r\n\r\n")}}},
      {"smtp", tcp, {say("220 mx.example ESMTP\r\n"), say("250-mx.example\r\n250 SIZE\r\n")},
       {{say("554 no\r\n")},
        {say("220 mx.example\r\n"), say("250-mx.example\r\n550 no\r\n250 x\r\n")},
        {say("220 mx.example ESMTP\r\n"), say("421 busy\r\n")}}},
      {"snmp", udp,
       {hex("30 27 02 01 03 30 11 02 04 4a r1 r2 r3 02 03 00 ff e3 04 01 00 02 01 03 "
            "a8 0f 06 0a 2b 06 01 06 03 0f 01 01 04 00 41 01 05")},
       {{hex("30 27 02 01 03 30 11 02 04 4a 00 00 00 02 03 00 ff e3 04 01 00 02 01 03 "
             "a8 0f 06 0a 2b 06 01 06 03 0f 01 01 04 00 41 01 05")}}},
      {"socks5", tcp, {hex("05 02")}, {{hex("05 ff")}}},
      {"source_engine", udp, {hex("ff ff ff ff 41 01 02 03 04")}, {{hex("ff ff ff ff 42")}}},
      {"spamassassin", tcp, {say("SPAMD/1.5 0 PONG\r\n")},
       {{say("SPAMD/1.0 76 Bad header line\r\n")}}},
      {"ssh", tcp,
       {say("hello\r\nSSH-2.0-OpenSSH_9.2p1\r\n"), hex("00 00 00 06 04 14 00 00 00 00")},
       {{say("SSH-1.5-old\r\n")}, {say("SSH-2.0-x\r\n"), hex("00 00 00 06 04 01 00 00 00 00")}}},
      {"stun", tcp,
       {hex("01 01 00 00 21 12 a4 42 r0 r1 r2 r3 r4 r5 r6 r7 r8 r9 ra rb")},
       {{hex("01 11 00 00 21 12 a4 42 r0 r1 r2 r3 r4 r5 r6 r7 r8 r9 ra rb")}}},
      {"stun", udp,
       {hex("01 01 00 00 21 12 a4 42 r0 r1 r2 r3 r4 r5 r6 r7 r8 r9 ra rb")},
       {{hex("01 01 00 00 21 12 a4 42 r0 r1 r2 r3 r4 r5 r6 r7 r8 r9 ra 00 00")}}},
      {"teamspeak", tcp, {say("TS3\n\rWelcome\n\r")}, {{say("error id=3329\n\r")}}},
      {"tor", tcp,
       {say("250-PROTOCOLINFO 1\r\n250-AUTH METHODS=NULL\r\n250 OK\r\n")},
       {{say("514 Authentication required\r\n")}}},
      {"vnc", tcp, {say("RFB 003.008\n")}, {{say("RFB-003.008\n")}}},
      {"websocket", tcp,
       {say("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")},
       {{say("HTTP/1.1 426 Upgrade Required\r\n\r\n")}}},
      {"xmpp", tcp,
       {say("<stream:stream id='1'><stream:features><starttls/></stream:features>")},
       {{say("<stream:stream><stream:error><internal-server-error/></stream:error>")}}},
      {"zabbix_agent", tcp, {hex("'ZBXD' 01 01 00 00 00 00 00 00 00 '1'")},
       {{hex("'ZBXD' 01 10 00 00 00 00 00 00 00 'ZBX_NOTSUPPORTED'")}}},
      {"zookeeper", tcp, {say("Zookeeper version: 3.8.0\nLatency min/avg/max: 0/0.0/0\n")},
       {{say("This ZooKeeper instance is not currently serving requests\n")}}},
  };
  return kSamples;
}
// clang-format on

std::string answer_bytes(const RowSend& answer, const Nonce& nonce) {
  return answer.is_bytes ? BytePattern(answer.text).bytes(nonce) : std::string(answer.text);
}

// Rendered with two nonces that differ in every byte, a message shows where they stand.
Nonce learn_nonce(const Outgoing& message, std::string_view sent) {
  Nonce low{};
  Nonce high{};
  for (std::size_t i = 0; i < low.size(); ++i) {
    low[i] = static_cast<unsigned char>(i);
    high[i] = static_cast<unsigned char>(0x80 + i);
  }
  const std::string a = message.on_the_wire(low);
  const std::string b = message.on_the_wire(high);
  Nonce out{};
  for (std::size_t i = 0; i < std::min(a.size(), sent.size()); ++i) {
    const auto index = static_cast<unsigned char>(a[i]);
    const bool stands_here = index < out.size() && static_cast<unsigned char>(b[i]) == index + 0x80;
    if (stands_here) out[index] = static_cast<unsigned char>(sent[i]);
  }
  return out;
}

}  // namespace tocsin
