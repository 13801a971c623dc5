// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// A dialogue reads until the answer is the wanted one, or cannot become it any more: at a wrong
// line or byte at once, else when the other side ends, the limit is reached, or the time is over.
// What came behind an answer stays for the next step, so that a server may talk ahead.
#include "probe/dialogue.h"

#include <Poco/HMACEngine.h>
#include <Poco/MD5Engine.h>

#include <algorithm>
#include <utility>

#include "net/errno_text.h"
#include "probe/outcome.h"
#include "util/text.h"

namespace tocsin {
namespace {

// A server that sends byte by byte would have the answer searched for each: after so much searching
// it is looked for only once more, at the end.
constexpr std::size_t kSearchBudget = 16 * 1024 * 1024;
constexpr std::size_t kDigest = 16;  // bytes of an MD5

bool begins_with(std::string_view line, std::string_view word) {
  return line.size() >= word.size() && to_lower(line.substr(0, word.size())) == to_lower(word);
}

// Whether it begins with one of "OK|NO|BYE", upper or lower case.
bool begins_with_one(std::string_view line, std::string_view words) {
  for (;;) {
    const std::size_t bar = words.find('|');
    if (begins_with(line, words.substr(0, bar))) return true;
    if (bar == std::string_view::npos) return false;
    words.remove_prefix(bar + 1);
  }
}

bool is_code(std::string_view line) {
  return line.size() > 2 &&
         std::all_of(line.begin(), line.begin() + 3, [](char c) { return c >= '0' && c <= '9'; });
}

// `first` is the reply's first line. In between may be any text (RFC 959), and a server that has
// changed its mind may end with another code.
bool ends_reply(std::string_view first, std::string_view line) {
  const bool goes_on = first.size() > 3 && is_code(first) && first[3] == '-';
  return !goes_on || (is_code(line) && (line.size() == 3 || line[3] == ' '));
}

Fitting fit_lines(const Expectation::Lines& lines, std::string_view received) {
  using Last = Expectation::Lines::Last;
  std::string_view first;
  for (std::size_t begin = 0;;) {
    const std::size_t end = received.find('\n', begin);
    if (end == std::string_view::npos) return {};
    std::string_view line = received.substr(begin, end - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (begin == 0) first = line;
    begin = end + 1;
    const bool is_last = lines.last == Last::any ||
                         (lines.last == Last::reply && ends_reply(first, line)) ||
                         (lines.last == Last::named && begins_with_one(line, lines.last_words));
    if (is_last) return {begins_with_one(line, lines.wanted) ? Fit::met : Fit::wrong, begin};
  }
}

}  // namespace

// --- what is expected
// ------------------------------------------------------------------------------

Fitting Expectation::fits(std::string_view received, const Nonce& nonce) const {
  Fitting all{Fit::met};
  const auto also = [&all](Fitting found) {
    if (all.fit == Fit::wrong || found.fit == Fit::wrong) {
      all.fit = Fit::wrong;
    } else if (found.fit == Fit::not_yet) {
      all.fit = Fit::not_yet;
    }
    all.end = std::max(all.end, found.end);
  };
  if (!text.empty()) {
    const std::size_t at = received.find(text);
    also(at == std::string_view::npos ? Fitting{} : Fitting{Fit::met, at + text.size()});
  }
  if (pattern) {
    const auto end = pattern->end_of_match(received);
    also(end ? Fitting{Fit::met, *end} : Fitting{});
  }
  if (bytes) also(bytes->fits(received, nonce));
  if (lines) also(fit_lines(*lines, received));
  return all;
}

std::string Expectation::wanted() const {
  if (!words.empty()) return words;
  std::string out;
  const auto also = [&out](const std::string& what) { out += (out.empty() ? "" : " and ") + what; };
  if (!text.empty()) also(quote(text));
  if (pattern) also("/" + printable(pattern->source(), 120) + "/");
  if (bytes) also("the bytes " + printable(bytes->source(), 120));
  return out;
}

// --- what is sent
// ----------------------------------------------------------------------------------

Outgoing outgoing(const Text& text) {
  Outgoing out;
  if (text.empty()) return out;
  out.pieces.push_back({Outgoing::Piece::Kind::text, text.value(), {}});
  if (text.hides_something()) out.shown = text.shown();
  return out;
}

Outgoing outgoing(BytePattern pattern) {
  Outgoing out;
  out.pieces.push_back({Outgoing::Piece::Kind::pattern, {}, std::move(pattern)});
  return out;
}

std::string Outgoing::on_the_wire(const Nonce& nonce) const {
  std::string out;
  std::optional<std::size_t> digest_at;
  const Piece* digest = nullptr;
  for (const Piece& piece : pieces) {
    switch (piece.kind) {
      case Piece::Kind::text: out += piece.bytes; break;
      case Piece::Kind::pattern: out += piece.pattern->bytes(nonce); break;
      case Piece::Kind::nonce_text:
        out += Poco::DigestEngine::digestToHex({nonce.begin(), nonce.end()});
        break;
      case Piece::Kind::hmac_md5:
        digest = &piece;
        digest_at = out.size();
        out.append(kDigest, '\0');
        break;
    }
  }
  if (digest == nullptr) return out;
  Poco::HMACEngine<Poco::MD5Engine> engine(digest->bytes);
  engine.update(out);
  const Poco::DigestEngine::Digest& mac = engine.digest();
  std::copy(mac.begin(), mac.end(), out.begin() + static_cast<std::ptrdiff_t>(*digest_at));
  return out;
}

bool Dialogue::uses_nonce() const noexcept {
  return std::any_of(steps.begin(), steps.end(), [](const Step& step) {
    const auto& pieces = step.send.pieces;
    return std::any_of(pieces.begin(), pieces.end(), [](const Outgoing::Piece& piece) {
      return piece.kind == Outgoing::Piece::Kind::nonce_text ||
             (piece.pattern && piece.pattern->uses_nonce());
    });
  });
}

// --- speaking
// --------------------------------------------------------------------------------------

std::string step_words(const Dialogue& dialogue, std::size_t step) {
  if (!dialogue.is_numbered) return {};
  return "step " + std::to_string(step + 1) + " of " + std::to_string(dialogue.steps.size());
}

std::string expected_got(const Step& step, std::string_view answer) {
  return "expected " + step.expect.wanted() + ", got " + show_bytes(answer);
}

namespace {

// One dialogue on one stream.
class Talker {
 public:
  Talker(Stream& stream, const Dialogue& dialogue, bool explain, SteadyTime deadline)
      : stream_(stream), dialogue_(dialogue), explain_(explain), deadline_(deadline) {
    if (dialogue.uses_nonce()) nonce_ = random_nonce();
  }
  asio::awaitable<Talk> run();

 private:
  asio::awaitable<StreamStatus> send(const Outgoing& message);
  asio::awaitable<StreamStatus> await_answer(std::size_t number);
  StreamStatus wrong(std::size_t number) const;
  StreamStatus ended(std::size_t number, const StreamStatus& status) const;
  StreamStatus too_much(std::size_t number) const;
  void note_answer(std::size_t size);

  Stream& stream_;
  const Dialogue& dialogue_;
  const bool explain_;
  const SteadyTime deadline_;
  Nonce nonce_{};
  std::string answer_;  // what has come and belongs to no answer yet
  std::size_t read_ = 0;
  std::size_t searched_ = 0;
  Talk talk_;
};

asio::awaitable<Talk> Talker::run() {
  for (std::size_t i = 0; i < dialogue_.steps.size() && talk_.status; ++i) {
    const Step& step = dialogue_.steps[i];
    if (!step.send.empty()) {
      talk_.status = co_await send(step.send);
      if (!talk_.status && dialogue_.is_numbered) {
        talk_.status.text += " at " + step_words(dialogue_, i);
      }
    }
    if (talk_.status && !step.expect.empty()) talk_.status = co_await await_answer(i);
  }
  if (talk_.status && !dialogue_.farewell.empty()) {
    // Whoever said all that was asked for may go without our good-bye.
    co_await send(dialogue_.farewell);
  }
  talk_.rest = std::move(answer_);
  talk_.address = stream_.address();
  co_return std::move(talk_);
}

asio::awaitable<StreamStatus> Talker::send(const Outgoing& message) {
  const std::string bytes = message.on_the_wire(nonce_);
  if (explain_) {
    talk_.notes.push_back("sent: " +
                          (message.shown.empty() ? show_bytes(bytes) : quote(message.shown)));
  }
  co_return co_await stream_.write(bytes, deadline_);
}

asio::awaitable<StreamStatus> Talker::await_answer(std::size_t number) {
  const Expectation& expect = dialogue_.steps[number].expect;
  StreamStatus status;
  for (;;) {
    const bool is_last = !status || read_ >= dialogue_.read_limit;
    searched_ += answer_.size();
    Fitting found;
    if (is_last || searched_ < kSearchBudget) found = expect.fits(answer_, nonce_);
    if (found.fit == Fit::met) {
      const bool at_end = number + 1 == dialogue_.steps.size();
      note_answer(at_end ? answer_.size() : found.end);
      answer_.erase(0, found.end);
      co_return StreamStatus{};
    }
    if (found.fit == Fit::wrong || is_last) {
      note_answer(answer_.size());
      if (found.fit == Fit::wrong && !answer_.empty()) co_return wrong(number);
      co_return status ? too_much(number) : ended(number, status);
    }
    const std::size_t had = answer_.size();
    status = co_await stream_.read(answer_, dialogue_.read_limit - read_, deadline_);
    read_ += answer_.size() - had;
  }
}

StreamStatus Talker::wrong(std::size_t number) const {
  const std::string step = step_words(dialogue_, number);
  return {NetError::protocol, with_address((step.empty() ? "" : step + ": ") +
                                               expected_got(dialogue_.steps[number], answer_),
                                           stream_.address())};
}

StreamStatus Talker::ended(std::size_t number, const StreamStatus& status) const {
  const std::string step = step_words(dialogue_, number);
  return {status.error, status.text + (step.empty() ? "" : " at " + step) + ": " +
                            expected_got(dialogue_.steps[number], answer_)};
}

StreamStatus Talker::too_much(std::size_t number) const {
  const std::string step = step_words(dialogue_, number);
  const std::string text = (step.empty() ? "" : step + ": ") + "no " +
                           dialogue_.steps[number].expect.wanted() + " in the first " +
                           std::to_string(answer_.size()) + " bytes, which begin " +
                           show_bytes(answer_);
  return {NetError::protocol, with_address(text, stream_.address())};
}

void Talker::note_answer(std::size_t size) {
  if (explain_) {
    talk_.notes.push_back("received: " + show_bytes(std::string_view(answer_).substr(0, size)));
  }
}

}  // namespace

asio::awaitable<Talk> talk(Stream& stream, const Dialogue& dialogue, bool explain,
                           SteadyTime deadline) {
  Talker talker(stream, dialogue, explain, deadline);
  co_return co_await talker.run();
}

}  // namespace tocsin
