#include "server/store/geohash.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string_view>

namespace larder::geohash {
namespace {

constexpr uint64_t kEvenBits = 0x5555555555555555;

// The bits of a number at even places, zeros between them, and back.
uint64_t Spread(uint32_t number) {
  uint64_t bits = number;
  bits = (bits | bits << 16) & 0x0000ffff0000ffff;
  bits = (bits | bits << 8) & 0x00ff00ff00ff00ff;
  bits = (bits | bits << 4) & 0x0f0f0f0f0f0f0f0f;
  bits = (bits | bits << 2) & 0x3333333333333333;
  return (bits | bits << 1) & kEvenBits;
}
uint32_t Gather(uint64_t bits) {
  bits &= kEvenBits;
  bits = (bits | bits >> 1) & 0x3333333333333333;
  bits = (bits | bits >> 2) & 0x0f0f0f0f0f0f0f0f;
  bits = (bits | bits >> 4) & 0x00ff00ff00ff00ff;
  bits = (bits | bits >> 8) & 0x0000ffff0000ffff;
  return static_cast<uint32_t>(bits | bits >> 16);
}

// A cell's column (longitude) and row (latitude).
struct Place {
  uint32_t column, row;

  explicit Place(uint64_t bits) : column(Gather(bits >> 1)), row(Gather(bits)) {}
  Place(uint32_t c, uint32_t r) : column(c), row(r) {}
  uint64_t bits() const { return Spread(row) | Spread(column) << 1; }
};

double CellsPerSide(int step) { return static_cast<double>(uint64_t{1} << step); }

// The last cell ends where the world does: its number is one more than there are cells.
uint32_t NumberOf(double value, double low, double high, int step) {
  return static_cast<uint32_t>((value - low) / (high - low) * CellsPerSide(step));
}

Cell CellIn(const Box& world, const Point& point, int step) {
  const Place place(NumberOf(point.longitude, world.low.longitude, world.high.longitude, step),
                    NumberOf(point.latitude, world.low.latitude, world.high.latitude, step));
  return {place.bits(), step};
}

double Edge(uint32_t number, double low, double high, int step) {
  return low + (number * 1.0 / CellsPerSide(step)) * (high - low);
}

// As the processor that Redis runs on converts it, also what is out of range: a score need not be
// one that GEOADD made.
uint64_t BitsOf(double score) {
  constexpr double kTwoTo63 = 9223372036854775808.0;
  constexpr uint64_t kOutOfRange = uint64_t{1} << 63;
  if (score >= -kTwoTo63 && score < kTwoTo63) {
    return static_cast<uint64_t>(static_cast<int64_t>(score));
  }
  if (score >= kTwoTo63 && score < 2 * kTwoTo63) {
    return static_cast<uint64_t>(static_cast<int64_t>(score - kTwoTo63)) ^ kOutOfRange;
  }
  return score > 0 ? 0 : kOutOfRange;
}

}  // namespace

bool IsInWorld(const Point& point) {
  return point.longitude >= kWorld.low.longitude && point.longitude <= kWorld.high.longitude &&
         point.latitude >= kWorld.low.latitude && point.latitude <= kWorld.high.latitude;
}

Cell CellAt(const Point& point, int step) { return CellIn(kWorld, point, step); }

Box BoxOf(const Cell& cell) {
  const Place place(cell.bits);
  const auto [low, high] = kWorld;
  return {{Edge(place.column, low.longitude, high.longitude, cell.step),
           Edge(place.row, low.latitude, high.latitude, cell.step)},
          {Edge(place.column + 1, low.longitude, high.longitude, cell.step),
           Edge(place.row + 1, low.latitude, high.latitude, cell.step)}};
}

Cell Neighbour(const Cell& cell, int east, int north) {
  const uint32_t mask = (uint32_t{1} << cell.step) - 1;
  Place place(cell.bits);
  if (east != 0) place.column = (place.column + static_cast<uint32_t>(east)) & mask;
  if (north != 0) place.row = (place.row + static_cast<uint32_t>(north)) & mask;
  return {place.bits(), cell.step};
}

Scores ScoresOf(const Cell& cell) {
  const int shift = 2 * (kMostSteps - cell.step);
  return {static_cast<double>(cell.bits << shift), static_cast<double>((cell.bits + 1) << shift)};
}

double Encode(const Point& point) { return ScoresOf(CellAt(point, kMostSteps)).begin; }

Point Decode(double score) {
  const auto [low, high] = BoxOf({BitsOf(score), kMostSteps});
  return {
      std::clamp((low.longitude + high.longitude) / 2, kWorld.low.longitude, kWorld.high.longitude),
      std::clamp((low.latitude + high.latitude) / 2, kWorld.low.latitude, kWorld.high.latitude)};
}

std::string Text(const Point& point) {
  constexpr std::string_view kAlphabet = "0123456789bcdefghjkmnpqrstuvwxyz";
  constexpr Box kWholeWorld = {{-180, -90}, {180, 90}};
  constexpr int kLetters = 10;
  const uint64_t bits = CellIn(kWholeWorld, point, kMostSteps).bits;
  std::string text;
  for (int i = 1; i <= kLetters; ++i) {
    text.push_back(kAlphabet[bits >> (2 * kMostSteps - 5 * i) & 0x1f]);
  }
  // 52 bits are ten letters and a part of one, which Redis has always written so.
  return text + kAlphabet[0];
}

double DegreesOf(double radians) { return radians / (std::numbers::pi / 180.0); }
double RadiansOf(double degrees) { return degrees * (std::numbers::pi / 180.0); }

double LatitudeDistance(double a, double b) {
  return kEarthRadiusMeters * std::fabs(RadiansOf(b) - RadiansOf(a));
}

// The haversine formula.
double Distance(const Point& a, const Point& b) {
  const double v = std::sin((RadiansOf(b.longitude) - RadiansOf(a.longitude)) / 2);
  if (v == 0.0) return LatitudeDistance(a.latitude, b.latitude);
  const double latitude_a = RadiansOf(a.latitude), latitude_b = RadiansOf(b.latitude);
  const double u = std::sin((latitude_b - latitude_a) / 2);
  const double h = u * u + std::cos(latitude_a) * std::cos(latitude_b) * v * v;
  return 2.0 * kEarthRadiusMeters * std::asin(std::sqrt(h));
}

}  // namespace larder::geohash
