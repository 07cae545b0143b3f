// Custom checks of single directives, and what publishes their values. Used by directives.cc only.
#pragma once

#include <string>
#include <string_view>

#include "server/config/directive.h"

namespace larder {

bool CheckSave(const CheckInput& input, std::string* value, std::string* error);
bool CheckDatabasePersist(const CheckInput& input, std::string* value, std::string* error);
bool CheckDir(const CheckInput& input, std::string* value, std::string* error);
bool CheckTimeOfDay(const CheckInput& input, std::string* value, std::string* error);
bool CheckBind(const CheckInput& input, std::string* value, std::string* error);
bool CheckBaseName(const CheckInput& input, std::string* value, std::string* error);
bool CheckReplicaOf(const CheckInput& input, std::string* value, std::string* error);
bool CheckOutputLimit(const CheckInput& input, std::string* value, std::string* error);
bool CheckPercentiles(const CheckInput& input, std::string* value, std::string* error);
bool CheckOomValues(const CheckInput& input, std::string* value, std::string* error);
bool CheckShutdownFlags(const CheckInput& input, std::string* value, std::string* error);
bool CheckProcTitle(const CheckInput& input, std::string* value, std::string* error);
bool CheckNotifyFlags(const CheckInput& input, std::string* value, std::string* error);
bool CheckBusyPoll(const CheckInput& input, std::string* value, std::string* error);
bool CheckGather(const CheckInput& input, std::string* value, std::string* error);
bool CheckDefrag(const CheckInput& input, std::string* value, std::string* error);
bool CheckHz(const CheckInput& input, std::string* value, std::string* error);
bool CheckMaxmemory(const CheckInput& input, std::string* value, std::string* error);
bool CheckBacklogSize(const CheckInput& input, std::string* value, std::string* error);
bool CheckHostname(const CheckInput& input, std::string* value, std::string* error);
bool CheckLines(const CheckInput& input, std::string* value, std::string* error);
bool CheckRename(const CheckInput& input, std::string* value, std::string* error);
bool CheckAnything(const CheckInput& input, std::string* value, std::string* error);

void PublishOutputLimits(std::string_view value, Settings& settings);
void PublishMaxmemoryClients(std::string_view value, Settings& settings);
void PublishBackupMinute(std::string_view value, Settings& settings);
void PublishBusyPoll(std::string_view value, Settings& settings);
void PublishGather(std::string_view value, Settings& settings);
void PublishNotifyFlags(std::string_view value, Settings& settings);
void PublishAclChannels(std::string_view value, Settings& settings);

}  // namespace larder
