// Lists of users as text: the `user` lines of the configuration and of an ACL file. Any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/acl/users.h"

namespace larder {

// ACL LIST: a line for each user, without a line feed: "user alice on … +@all".
std::vector<std::string> UserLines(const Users& users);

// The same for CONFIG REWRITE: without the word user, each word quoted where needed.
std::vector<std::string> ConfigLines(const Users& users);

// Reads the text of an ACL file into *loaded, for Users::Replace. `path` is named in errors: all
// that was found, in Redis' words; "" where there is none. Comments are errors: ACL SAVE would lose
// them.
std::string ParseUserFile(std::string_view text, std::string_view path, Users& users,
                          std::vector<User>* loaded);

// ACL SAVE. False, with a line in the log, where the file can't be written.
bool SaveUserFile(const std::string& path, const Users& users);

// ACL LOAD: reads the file, and puts its users in the place of all others. The errors, or "" and
// those who are gone.
std::string LoadUserFile(const std::string& path, Users& users, std::vector<UserRef>* gone);

// The `user` lines of the configuration, without the word user, quoted as there. The error, or "".
std::string LoadConfiguredUsers(const std::vector<std::string>& lines, Users& users);

}  // namespace larder
