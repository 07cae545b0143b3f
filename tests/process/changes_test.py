#!/usr/bin/python3
"""How many changes a command counts for the save points: the same as in Redis, which counts most
of them by element."""
import unittest

from harness import Server, redis_server

# In this order, each on what those before it have left.
COMMANDS = """
SET a 1; SET a 2 PX 100000; SET a 2 NX; SET a 2 GET; SET a 3 KEEPTTL; SETEX e 100 1
PSETEX e 100000 1; SETNX a 3; GETSET a 4; APPEND a x; SETRANGE a 0 y; INCR n; INCRBYFLOAT n 1.5
MSET a 1 b 2; MSETNX a 1 c 2; MSETNX c 1 d 2; GETEX a EX 100; GETEX a; GETEX a PERSIST
GETEX a PERSIST; GETDEL a; EXPIRE e 200; EXPIRE e 100 GT; PERSIST e; PERSIST e; EXPIRE e -1
SET e 1 EXAT 1; DEL b c none; UNLINK d
RPUSH l 1 2 3; LPUSH l 0; LPUSHX l 8 9; LPUSHX none 1; LSET l 0 7; LINSERT l BEFORE 1 x
LREM l 0 x; RPUSH l y y y; LREM l 2 y; LTRIM l 0 2; LTRIM l 0 2; LTRIM l 1 1; LPOP l
RPUSH l 1 2 3 4; RPOP l 2; LMOVE l m LEFT LEFT; RPOPLPUSH l m; LMPOP 1 m LEFT COUNT 5; RPUSH l 1 2
BLPOP l 1; BRPOP l 1; RPUSH l 1; BLMOVE l m LEFT LEFT 1; BRPOPLPUSH m l 1; BLMPOP 1 1 l LEFT
LTRIM l 5 6
SADD s 1 2 3; SADD s 1 4; SADD s 1; SREM s 1 9; SPOP s; SADD s 1 2 3 4 5; SPOP s 2; SPOP s 9
SADD s 1 2 3; SMOVE s t 1; SMOVE s t 9; SREM s 2 3; SADD s 1 2; SINTERSTORE d s t
SUNIONSTORE d s t; SDIFFSTORE d none
ZADD z 1 a 2 b; ZADD z 1 a 3 b 4 c; ZADD z CH 3 a; ZINCRBY z 1 a; ZADD z INCR 1 b; ZREM z a b none
ZADD z 1 a 2 b 3 c 4 d; ZPOPMIN z 2; ZREMRANGEBYRANK z 0 -1; ZADD z 1 a 2 b 3 c 4 d; ZPOPMAX z
ZMPOP 1 z MIN COUNT 2; BZPOPMIN z 1; ZADD z 1 a 2 b 3 c; BZMPOP 1 1 z MAX COUNT 2
ZUNIONSTORE y 1 z; ZRANGESTORE x z 0 -1; ZADD z 1 a 2 b; ZREMRANGEBYSCORE z 1 1
ZREMRANGEBYLEX z - +; ZUNIONSTORE y 1 z
HSET h a 1 b 2; HSET h a 1; HMSET h c 1 d 2 e 3; HSETNX h a 1; HSETNX h f 1; HINCRBY h a 1
HINCRBYFLOAT h a 1.5; HDEL h a b none; HDEL h c d e f
XADD st 1-1 a b; XADD st 2-1 a b; XADD st 3-1 a b; XADD st MAXLEN 3 4-1 a b; XGROUP CREATE st g 0
XGROUP CREATECONSUMER st g c; XREADGROUP GROUP g c STREAMS st >; XREADGROUP GROUP g c STREAMS st 0
XCLAIM st g c2 0 2-1 3-1; XCLAIM st g c2 0 9-1 LASTID 8-1; XAUTOCLAIM st g c 0 0
XACK st g 2-1 3-1 7-1; XGROUP SETID st g 0; XGROUP DELCONSUMER st g c; XADD st 5-1 a b
XDEL st 2-1 3-1 9-1; XTRIM st MAXLEN 0; XSETID st 9-1; XGROUP DESTROY st g
PFADD p a b; PFADD p a; PFADD p c d; PFCOUNT p; PFMERGE q p; SETBIT bm 7 1; SETBIT bm 7 1
BITOP NOT bn bm; BITFIELD f SET u8 0 1 INCRBY u8 8 1; BITFIELD f SET u8 0 1 SET u8 8 2
BITFIELD f GET u8 0; BITFIELD f SET u8 0 3 SET u8 16 0 SET u8 8 2
GEOADD ge 1 1 a 1.1 1 b 1 1.1 c; GEOSEARCHSTORE gs ge FROMLONLAT 1 1 BYRADIUS 100 km
GEORADIUS ge 1 1 100 km STORE gs; GEOSEARCHSTORE gs ge FROMLONLAT 50 50 BYRADIUS 1 km
RPUSH so 3 1 2; SORT so STORE sp; SORT none STORE sp; COPY so sp; RENAME sp sq; RENAMENX sq sr
MOVE sr 3; COPY so sp DB 4; TOUCH so; PUBLISH c m; EVAL return(redis.call("rpush","l",1,2)) 0
SWAPDB 0 4; FLUSHDB; FUNCTION FLUSH; FLUSHALL
"""


class Changes(unittest.TestCase):
    def changes(self, server):
        return int(server.info("rdb_changes_since_last_save"))

    def test_of_each_command(self):
        with Server() as larder, Server(program=redis_server()) as redis:
            before = [0, 0]
            for line in COMMANDS.replace("\n", ";").split(";"):
                words = line.split()
                if not words:
                    continue
                counts = []
                for i, server in enumerate((larder, redis)):
                    server.call(*words)
                    now = self.changes(server)
                    counts.append(now - before[i])
                    before[i] = now
                with self.subTest(command=line):
                    self.assertEqual(*counts)

    def test_a_save_point_is_reached_by_one_command_with_many_elements(self):
        with Server("--save", "1 1000") as server:
            server.call("RPUSH", "l", *range(1500))
            server.await_log("1000 changes in 1 seconds. Saving...")


if __name__ == "__main__":
    unittest.main()
