// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/dns_expect.h"

#include <algorithm>
#include <utility>

#include "net/errno_text.h"
#include "probe/outcome.h"
#include "util/duration.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kLongestData = 120;
constexpr std::size_t kMostShown = 4;
constexpr std::size_t kMostNoted = 40;

using Data = std::vector<std::string>;

std::string listed(const Data& data, const char* joined) {
  std::string out;
  for (std::size_t i = 0; i < std::min(data.size(), kMostShown); ++i) {
    out += (i == 0 ? "" : joined) + printable(data[i], kLongestData);
  }
  if (data.size() > kMostShown) out += " and " + std::to_string(data.size() - kMostShown) + " more";
  return out;
}

Data without(const Data& from, const Data& what) {
  Data out;
  for (const std::string& data : from) {
    if (std::find(what.begin(), what.end(), data) == what.end()) out.push_back(data);
  }
  return out;
}

Data common(const Data& from, const Data& what) {
  return without(from, without(from, what));
}

std::string are(const Data& data) {
  return data.size() == 1 ? " is " : " are ";
}

// --- the response code
// ------------------------------------------------------------------------------

bool is_wanted(const DnsExpect& expect, int rcode) {
  return std::find(expect.rcodes.begin(), expect.rcodes.end(), rcode) != expect.rcodes.end();
}

std::string wanted_codes(const DnsExpect& expect) {
  std::string out;
  for (const int code : expect.rcodes) out += (out.empty() ? "" : " or ") + dns_rcode_name(code);
  return out;
}

std::string code_text(const DnsSettings& settings, int rcode) {
  const std::string subject = dns_subject(settings.question);
  const std::string name = dns_rcode_name(rcode);
  if (settings.expect.rcodes != std::vector<int>{dns::kNoError}) {
    return name + " for " + subject + ", wanted " + wanted_codes(settings.expect);
  }
  if (rcode == dns::kNxDomain) return "NXDOMAIN: there is no name " + settings.question.name;
  if (rcode == dns::kServFail) return "SERVFAIL: the server failed on " + subject;
  if (rcode == dns::kRefused) return "REFUSED: the server does not answer for " + subject;
  return name + " for " + subject;
}

// --- the records
// ------------------------------------------------------------------------------------

// What is wrong with them; empty: nothing.
std::string exact_offence(const Data& wanted, const Data& got) {
  const Data missing = without(wanted, got);
  const Data strange = without(got, wanted);
  std::string out;
  if (!missing.empty()) out = listed(missing, ", ") + are(missing) + "missing";
  if (strange.empty()) return out;
  return out + (out.empty() ? "" : ", ") + listed(strange, ", ") + are(strange) + "not expected";
}

bool any_matches(const Pattern& pattern, const Data& got) {
  return std::any_of(got.begin(), got.end(),
                     [&](const std::string& data) { return pattern.matches(data); });
}

std::string records_offence(const DnsExpect& expect, const Data& got) {
  if (expect.exact) return exact_offence(*expect.exact, got);
  if (got.empty()) return "";
  const Data missing = without(expect.all, got);
  if (!missing.empty()) return listed(missing, ", ") + are(missing) + "missing";
  const Data bad = common(got, expect.none);
  if (!bad.empty()) return listed(bad, ", ") + " must not be there";
  if (!expect.any.empty() && common(expect.any, got).empty()) {
    return "expected " + listed(expect.any, " or ");
  }
  if (expect.matches && !any_matches(*expect.matches, got)) {
    return "expected /" + printable(expect.matches->source(), kLongestData) + "/";
  }
  return "";
}

Data comparable(const std::vector<const DnsRecord*>& records) {
  Data out;
  for (const DnsRecord* record : records) {
    out.push_back(comparable_dns_data(record->type, record->data));
  }
  return out;
}

std::string judge_records(const DnsSettings& settings, const DnsMessage& message) {
  const DnsExpect& expect = settings.expect;
  const Data got = comparable(records_of(message, settings.question.type));
  const std::string type = dns_type_name(settings.question.type);
  const bool may_be_none = (expect.exact && expect.exact->empty()) || message.rcode != 0;
  if (got.empty() && !may_be_none) {
    return "no " + type + " record at " + settings.question.name;
  }
  const std::string offence = records_offence(expect, got);
  if (offence.empty()) return "";
  if (got.empty()) return offence;
  return dns_subject(settings.question) + are(got) + listed(got, ", ") + ": " + offence;
}

// --- flags and times
// --------------------------------------------------------------------------------

std::string judge_flags(const DnsExpect& expect, const DnsMessage& message) {
  if (expect.authoritative.value_or(message.authoritative) != message.authoritative) {
    return message.authoritative ? "the answer is authoritative, which was not expected"
                                 : "the answer is not authoritative";
  }
  if (expect.authenticated.value_or(message.authenticated) != message.authenticated) {
    return message.authenticated ? "the answer is validated by DNSSEC, which was not expected"
                                 : "the answer is not validated by DNSSEC (no AD flag)";
  }
  return "";
}

std::optional<Millis> least_ttl(const std::vector<const DnsRecord*>& records, bool most) {
  std::optional<Millis> out;
  for (const DnsRecord* record : records) {
    const Millis ttl = std::chrono::seconds{record->ttl};
    if (!out || (most ? ttl > *out : ttl < *out)) out = ttl;
  }
  return out;
}

std::string ttl_text(Millis ttl) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(ttl).count()) + " s";
}

void judge_ttl(Result& result, const DnsExpect& expect,
               const std::vector<const DnsRecord*>& records) {
  const auto least = least_ttl(records, false);
  const auto most = least_ttl(records, true);
  if (least && expect.ttl_least >= Millis{0} && *least < expect.ttl_least) {
    degrade(result, with_address("TTL is " + ttl_text(*least) + ", at least " +
                                     ttl_text(expect.ttl_least) + " wanted",
                                 result.address));
  }
  if (most && expect.ttl_most >= Millis{0} && *most > expect.ttl_most) {
    degrade(result, with_address("TTL is " + ttl_text(*most) + ", at most " +
                                     ttl_text(expect.ttl_most) + " wanted",
                                 result.address));
  }
  if (least) {
    result.metrics.push_back({"ttl", std::chrono::duration<double>(*least).count(), "s"});
  }
}

std::string flags_of(const DnsMessage& message) {
  std::string out;
  const auto add = [&](bool set, const char* name) {
    if (set) out += (out.empty() ? "" : " ") + std::string(name);
  };
  add(message.authoritative, "aa");
  add(message.truncated, "tc");
  add(message.recursion_desired, "rd");
  add(message.recursion_available, "ra");
  add(message.authenticated, "ad");
  return out.empty() ? "none" : out;
}

void note_records(Result& result, const char* section, const std::vector<DnsRecord>& records) {
  for (std::size_t i = 0; i < std::min(records.size(), kMostNoted); ++i) {
    const DnsRecord& record = records[i];
    result.notes.push_back(std::string(section) + ": " + record.name + " " +
                           std::to_string(record.ttl) + " " + dns_type_name(record.type) + " " +
                           printable(record.data, 200));
  }
  if (records.size() > kMostNoted) {
    result.notes.push_back(std::string(section) + ": and " +
                           std::to_string(records.size() - kMostNoted) + " more");
  }
}

}  // namespace

std::vector<const DnsRecord*> records_of(const DnsMessage& message, std::uint16_t type) {
  std::vector<const DnsRecord*> out;
  for (const DnsRecord& record : message.answers) {
    if (record.type == type) out.push_back(&record);
  }
  return out;
}

void judge_dns(Result& result, const DnsSettings& settings, const DnsReply& reply,
               bool own_resolver) {
  const DnsMessage& message = reply.message;
  if (!is_wanted(settings.expect, message.rcode)) {
    const std::string text = with_address(code_text(settings, message.rcode), reply.address);
    const bool ours = own_resolver && message.rcode != dns::kNoError &&
                      message.rcode != dns::kNxDomain && message.rcode != dns::kServFail;
    return set_failure(result, ours ? NetError::resolver : NetError::protocol, text);
  }
  std::string offence = judge_records(settings, message);
  if (offence.empty()) offence = judge_flags(settings.expect, message);
  if (!offence.empty()) return set_down(result, with_address(std::move(offence), reply.address));
  const auto records = records_of(message, settings.question.type);
  result.metrics.push_back({"records", static_cast<double>(records.size()), ""});
  judge_ttl(result, settings.expect, records);
  judge_response_time(result, settings.expect.response_time);
}

void explain_dns(Result& result, const DnsReply& reply) {
  const DnsMessage& message = reply.message;
  result.notes.push_back("answer: " + dns_rcode_name(message.rcode) + ", flags " +
                         flags_of(message) + ", " + std::to_string(reply.size) + " bytes by " +
                         (reply.over_tcp ? "TCP" : "UDP"));
  if (reply.packets > 1) {
    result.notes.push_back("asked " + std::to_string(reply.packets) +
                           " times: packets were lost, or the server was slow");
  }
  if (reply.packets > 0 && reply.over_tcp) {
    result.notes.push_back("the answer by UDP was cut, so it was asked for by TCP");
  }
  note_records(result, "answer", message.answers);
  note_records(result, "authority", message.authority);
  note_records(result, "additional", message.additional);
}

}  // namespace tocsin
