// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "config/files.h"

#include <fnmatch.h>

#include <algorithm>
#include <map>
#include <system_error>

#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kMostFileBytes = 32 * std::size_t{1024} * 1024;
constexpr std::size_t kMostBytes = 64 * std::size_t{1024} * 1024;  // of all files
constexpr std::size_t kMostFiles = 20'000;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string below(const std::string& folder, const std::string& name) {
  return folder.empty() || folder.back() == '/' ? folder + name : folder + "/" + name;
}

// What identifies a file however it is named.
std::string identity(const std::string& path) {
  std::error_code error;
  const auto canonical = std::filesystem::weakly_canonical(path, error);
  return error ? path : canonical.string();
}

class Reader {
 public:
  explicit Reader(Loading& loading) : loading_(loading) {}

  void read(const std::string& path, Place from);
  std::vector<Section>&& sections() { return std::move(sections_); }

 private:
  bool is_refused(const std::string& path, const std::string& id, Place from);
  const Node* parse(std::uint32_t file, const std::string& path, Place from);
  void include(Section top);
  void include_one(const std::string& folder, const PlacedText& item);
  std::string chain_to(const std::string& id) const;

  Loading& loading_;
  std::vector<Section> sections_;
  std::map<std::string, Place> seen_;    // identity to where it is included
  std::vector<std::string> open_;        // identities of the files that include one another
  std::vector<std::string> open_names_;  // … as people know them
  std::size_t bytes_ = 0;
};

std::string Reader::chain_to(const std::string& id) const {
  const auto first = std::find(open_.begin(), open_.end(), id) - open_.begin();
  std::string out;
  for (auto i = static_cast<std::size_t>(first); i < open_names_.size(); ++i)
    out += open_names_[i] + " → ";
  return out + open_names_[static_cast<std::size_t>(first)];
}

bool Reader::is_refused(const std::string& path, const std::string& id, Place from) {
  if (std::find(open_.begin(), open_.end(), id) != open_.end()) {
    loading_.complete = false;
    loading_.problems.error(from, "include cycle: " + chain_to(id));
    return true;
  }
  if (const auto first = seen_.find(id); first != seen_.end()) {
    loading_.problems.warn(from, in_quotes(path) + " is included twice, first at " +
                                     loading_.sources.describe(first->second) +
                                     "; it is read once");
    return true;
  }
  if (seen_.size() >= kMostFiles) {
    loading_.complete = false;
    loading_.problems.error(from, "more than " + std::to_string(kMostFiles) + " files");
    return true;
  }
  return false;
}

const Node* Reader::parse(std::uint32_t file, const std::string& path, Place from) {
  std::string text;
  std::string why;
  const bool got = read_file(path, kMostFileBytes, text, why);
  if (!got) {
    const bool main = from.offset == Place::kWholeFile;
    loading_.problems.error(from, main ? "cannot read the file: " + why
                                       : "cannot read " + in_quotes(path) + ": " + why);
    return nullptr;
  }
  bytes_ += text.size();
  if (bytes_ > kMostBytes) {
    loading_.problems.error(
        from, "all files together are larger than " + std::to_string(kMostBytes) + " bytes");
    return nullptr;
  }
  if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
  loading_.sources.set_text(file, std::move(text));
  const Node* root = loading_.tree.parse(loading_.sources, file, loading_.problems);
  if (root == nullptr || root->is(Node::Kind::mapping)) return root;
  loading_.problems.error(
      root->place(),
      "a file holds a mapping of keys such as checks, not a " +
          std::string(root->is(Node::Kind::sequence) ? "list; begin it with \"checks:\"" : "text"));
  return nullptr;
}

void Reader::read(const std::string& path, Place from) {
  const std::string id = identity(path);
  if (is_refused(path, id, from)) return;
  const std::uint32_t file = loading_.sources.add(path);
  seen_.emplace(id, from);
  const Node* root = parse(file, path, from);
  if (root == nullptr) {
    loading_.complete = false;
    return;
  }
  sections_.emplace_back(loading_, root);
  open_.push_back(id);
  open_names_.push_back(path);
  include(sections_.back());
  open_.pop_back();
  open_names_.pop_back();
}

void Reader::include(Section top) {
  const Node* value = top.node("include");
  if (value == nullptr || value->is(Node::Kind::null)) return;
  const std::string folder = loading_.folder(top.place().file);
  for (const PlacedText& item : top.texts("include")) {
    if (!item.unresolved) include_one(folder, item);
  }
}

void Reader::include_one(const std::string& folder, const PlacedText& item) {
  std::string path = item.text;
  if (path.empty()) return loading_.problems.error(item.place, "the path is empty");
  if (path.front() == '~') {
    return loading_.problems.error(
        item.place, "\"~\" is not expanded; write the path from / or from this file's folder");
  }
  const std::string base = path.front() == '/' || folder.empty() ? "" : folder;
  if (!is_glob(path)) return read(below(base, path), item.place);
  std::string error;
  for (const std::string& match : expand_glob(base, path, error)) read(match, item.place);
  if (!error.empty()) {
    loading_.complete = false;
    loading_.problems.error(item.place, std::move(error));
  }
}

// The entries of a folder that match one part of a pattern.
std::vector<std::string> matches(const std::string& folder, const std::string& part,
                                 std::string& error) {
  std::vector<std::string> out;
  std::error_code code;
  std::filesystem::directory_iterator at(folder.empty() ? "." : folder, code);
  for (; !code && at != std::filesystem::directory_iterator(); at.increment(code)) {
    const std::string name = at->path().filename().string();
    if (fnmatch(part.c_str(), name.c_str(), FNM_PERIOD) == 0) out.push_back(name);
  }
  const bool absent =
      code == std::errc::no_such_file_or_directory || code == std::errc::not_a_directory;
  if (code && !absent)
    error = "cannot read folder " + in_quotes(folder) + ": " + to_lower(code.message());
  return out;
}

// One level: the paths so far, each with what matches the next part.
std::vector<std::string> descend(const std::vector<std::string>& paths, const std::string& part,
                                 bool last, std::string& error) {
  std::vector<std::string> out;
  for (const std::string& path : paths) {
    if (is_glob(part)) {
      for (const std::string& name : matches(path, part, error)) out.push_back(below(path, name));
      continue;
    }
    std::error_code code;
    const std::string next = below(path, part);
    if (!last || std::filesystem::exists(next, code)) out.push_back(next);
  }
  return out;
}

}  // namespace

bool is_glob(std::string_view path) noexcept {
  return path.find_first_of("*?[") != std::string_view::npos;
}

std::vector<std::string> expand_glob(const std::string& folder, const std::string& pattern,
                                     std::string& error) {
  std::vector<std::string> paths{pattern.starts_with('/') ? "/" : folder};
  std::size_t at = pattern.find_first_not_of('/');
  while (at != std::string::npos) {
    const std::size_t end = std::min(pattern.find('/', at), pattern.size());
    const std::size_t next = pattern.find_first_not_of('/', end);
    paths = descend(paths, pattern.substr(at, end - at), next == std::string::npos, error);
    at = next;
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::vector<Section> read_files(Loading& loading, const std::filesystem::path& main) {
  Reader reader(loading);
  // The main file is told of as a whole: it is the first that the sources know.
  reader.read(main.string(), Place{});
  return reader.sections();
}

}  // namespace tocsin
