// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// Everything that can be wrong is looked at, and all of it is told: who renews a certificate that
// has expired should not find the next day that its name was wrong too.
//
// The chain that counts is the one that verification found, up to the trusted issuer: what a server
// sends besides (an old cross-signed issuer, say) harms nobody. Without one, what was sent counts.
#include "probe/certificate_judge.h"

#include <algorithm>
#include <utility>

#include "net/errno_text.h"
#include "probe/outcome.h"
#include "util/duration.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kNamesShown = 5;

// What was found: what makes it down, and what makes it degraded.
struct Findings {
  std::vector<std::string> down;
  std::vector<std::string> degraded;
};

std::string joined(const std::vector<std::string>& texts, const char* between) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : between) + text;
  return out;
}

std::string date_of(WallTime time) {
  return human_time(time).substr(0, 10);
}

std::string days_text(int days) {
  return std::to_string(days) + (days == 1 ? " day" : " days");
}

std::string whose(const X509Facts& facts, std::size_t depth) {
  return depth == 0 ? "certificate" : "certificate of the issuer \"" + facts.who.subject + '"';
}

std::vector<X509Facts> facts_of(const std::vector<std::string>& chain) {
  std::vector<X509Facts> out;
  for (const std::string& der : chain) {
    if (auto facts = x509_facts(der)) out.push_back(std::move(*facts));
  }
  return out;
}

// --- how long
// ---------------------------------------------------------------------------------------

void judge_time(Findings& found, const X509Facts& facts, std::size_t depth, WallTime now,
                const CertificateExpect& expect) {
  const WallTime end = facts.who.not_after;
  const std::string who = whose(facts, depth);
  const std::string on = " (" + date_of(end) + ")";
  if (now < facts.who.not_before) {
    found.down.push_back(who + " is not valid before " + human_time(facts.who.not_before));
  }
  if (end < now) {
    const auto past = std::chrono::floor<std::chrono::days>(now - end).count();
    const std::string ago =
        past < 1 ? human_duration(now - end) : days_text(static_cast<int>(past));
    found.down.push_back(who + " expired " + ago + " ago" + on);
    return;
  }
  const int left = days_left(end, now);
  if (left >= expect.days) return;
  const std::string text =
      who + " ends in " + (left < 1 ? human_duration(end - now) : days_text(left)) + on + ", ";
  if (left < expect.days_down) {
    found.down.push_back(text + days_text(expect.days_down) + " wanted");
  } else {
    found.degraded.push_back(text + days_text(expect.days) + " wanted");
  }
}

// --- for whom, and by whom
// --------------------------------------------------------------------------

void judge_names(Findings& found, const CertificateSettings& settings, const std::string& der,
                 const X509Facts& facts) {
  std::vector<std::string> missing;
  const auto look = [&](const std::string& host) {
    if (!is_for_host(der, host)) missing.push_back(host);
  };
  if (settings.verify && !settings.is_local()) look(settings.host());
  for (const std::string& name : settings.expect.names) look(name);
  if (missing.empty()) return;
  std::vector<std::string> names = facts.who.names;
  const std::size_t more = names.size() - std::min(names.size(), kNamesShown);
  names.resize(names.size() - more);
  std::string text = names.empty() ? "no host at all" : joined(names, ", ");
  if (more > 0) text += " and " + std::to_string(more) + " more";
  found.down.push_back("certificate is for " + text + ", not " + joined(missing, " or "));
}

void judge_trust(Findings& found, const CertificateSettings& settings, const ChainFacts& chain,
                 WallTime now) {
  if (!settings.verify || chain.problems.empty()) return;
  // The first one; the rest follows from it.
  found.down.push_back(certificate_text(chain.problems.front(), settings.host(), now));
}

void judge_identity(Findings& found, const CertificateExpect& expect, const X509Facts& facts) {
  if (expect.issuer && !expect.issuer->matches(facts.issuer)) {
    found.down.push_back("certificate is issued by \"" + facts.issuer + "\", wanted /" +
                         printable(expect.issuer->source(), 100) + "/");
  }
  const auto& pins = expect.fingerprints;
  if (!pins.empty() && std::find(pins.begin(), pins.end(), facts.fingerprint) == pins.end()) {
    found.down.push_back("certificate is another one: its fingerprint is " + facts.fingerprint);
  }
}

// --- how strong
// -------------------------------------------------------------------------------------

int least_bits(const CertificateExpect& expect, const X509Facts& facts) {
  if (facts.key_kind.starts_with("RSA") || facts.key_kind == "DSA") return expect.rsa_bits;
  return facts.key_kind == "EC" ? expect.ec_bits : 0;
}

// The signature of a trusted issuer on itself proves nothing, so it may be weak.
void judge_strength(Findings& found, const CertificateExpect& expect, const X509Facts& facts,
                    std::size_t depth) {
  const std::string who = whose(facts, depth);
  const int least = least_bits(expect, facts);
  if (facts.key_kind.empty()) {
    found.degraded.push_back(who + " has a key of an unknown kind");
  } else if (facts.key_bits < least) {
    found.down.push_back(who + " has a weak key: " + facts.key + ", at least " +
                         std::to_string(least) + " bits wanted");
  }
  if (facts.weak_signature && !expect.sha1 && !(facts.self_issued && depth > 0)) {
    found.down.push_back(who + " is signed by " + facts.signature + ", which is broken");
  }
}

// --- whether it still holds
// -------------------------------------------------------------------------

void judge_staple(Findings& found, const CertificateSettings& settings, const Presented& presented,
                  const std::vector<std::string>& chain, const OcspFacts& ocsp) {
  if (settings.is_local()) return;
  if (presented.ocsp.empty()) {
    const auto own = x509_facts(chain.front());
    if (own && own->must_staple) {
      found.down.push_back("certificate demands an OCSP staple, and none is sent");
    } else if (settings.expect.staple) {
      found.down.push_back("no OCSP staple is sent");
    }
    return;
  }
  switch (ocsp.status) {
    case OcspFacts::Status::good: break;
    case OcspFacts::Status::revoked:
      found.down.push_back("certificate was revoked on " + date_of(ocsp.revoked_at) +
                           (ocsp.reason.empty() ? "" : ": " + ocsp.reason));
      break;
    case OcspFacts::Status::unknown:
      found.down.push_back("certificate is unknown to its issuer's OCSP responder");
      break;
    case OcspFacts::Status::unusable:
      found.degraded.push_back("the OCSP staple is of no use: " + ocsp.problem);
      break;
  }
}

void judge_versions(Findings& found, const CertificateExpect& expect, const Presented& presented) {
  if (presented.accepts_old.empty()) return;
  const std::string least = "1." + std::to_string(expect.least_tls - 10);
  found.degraded.push_back("it still takes " + presented.accepts_old + ", at least TLSv" + least +
                           " wanted");
}

void conclude(Result& result, const Findings& found) {
  std::vector<std::string> all = found.down;
  all.insert(all.end(), found.degraded.begin(), found.degraded.end());
  if (all.empty()) return;
  result.verdict = found.down.empty() ? Verdict::degraded : Verdict::down;
  result.reason = with_address(joined(all, "; "), result.address);
}

std::string ocsp_note(const OcspFacts& ocsp) {
  switch (ocsp.status) {
    case OcspFacts::Status::good:
      return "good until " +
             (ocsp.next_update == WallTime{} ? "the next one comes" : human_time(ocsp.next_update));
    case OcspFacts::Status::revoked: return "revoked " + human_time(ocsp.revoked_at);
    case OcspFacts::Status::unknown: return "unknown";
    case OcspFacts::Status::unusable: return "of no use: " + ocsp.problem;
  }
  return "";
}

}  // namespace

void judge_certificates(Result& result, const CertificateSettings& settings,
                        const Presented& presented, ssl_ctx_st* issuers, WallTime now) {
  if (!x509_facts(presented.chain.front())) {
    return set_down(result, with_address("certificate cannot be read", result.address));
  }
  const ChainFacts verified = issuers == nullptr
                                  ? ChainFacts{}
                                  : verify_chain(issuers, presented.chain, !settings.is_local());
  const bool trusted = !verified.chain.empty() && verified.problems.empty();
  const auto& chain = trusted ? verified.chain : presented.chain;
  const std::vector<X509Facts> facts = facts_of(chain);

  Findings found;
  WallTime end = facts.front().who.not_after;
  for (std::size_t depth = 0; depth < facts.size(); ++depth) {
    judge_time(found, facts[depth], depth, now, settings.expect);
    judge_strength(found, settings.expect, facts[depth], depth);
    end = std::min(end, facts[depth].who.not_after);
  }
  judge_trust(found, settings, verified, now);
  judge_names(found, settings, presented.chain.front(), facts.front());
  judge_identity(found, settings.expect, facts.front());
  OcspFacts ocsp;
  if (!presented.ocsp.empty()) {
    ocsp = ocsp_facts(presented.ocsp, verified.chain.size() > 1 ? verified.chain : presented.chain,
                      trusted ? issuers : nullptr, now);
    result.notes.push_back("OCSP staple: " + ocsp_note(ocsp));
  }
  judge_staple(found, settings, presented, presented.chain, ocsp);
  judge_versions(found, settings.expect, presented);
  conclude(result, found);
  result.certificate_days = days_left(end, now);
}

void explain_certificates(Result& result, const Presented& presented, WallTime now) {
  if (!presented.tls_version.empty()) result.notes.push_back("tls: " + presented.tls_version);
  std::size_t depth = 0;
  for (const X509Facts& facts : facts_of(presented.chain)) {
    const std::string number = std::to_string(depth++);
    result.notes.push_back(number + " subject: " + facts.subject);
    if (number == "0") result.notes.push_back("0 names: " + joined(facts.who.names, ", "));
    result.notes.push_back(number + " issuer: " + facts.issuer);
    result.notes.push_back(number + " valid: " + human_time(facts.who.not_before) + " to " +
                           human_time(facts.who.not_after) + ", " +
                           std::to_string(days_left(facts.who.not_after, now)) + " days left");
    result.notes.push_back(number + " key: " + facts.key + ", signed by " + facts.signature);
    if (number != "0") continue;
    result.notes.push_back("0 serial: " + facts.serial);
    result.notes.push_back("0 fingerprint: " + facts.fingerprint);
  }
}

}  // namespace tocsin
