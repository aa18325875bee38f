#include "lib/catalog/common_words.h"

#include <string>
#include <unordered_map>
#include <unordered_set>

namespace matinee {
namespace {

constexpr std::string_view kWords =
    "a about above accept action actor actors actress actresses actually adventure adventures after again ago alien "
    "aliens all almost "
    "alone along already alright also always am american amazing an and angel animated animation another any anyone "
    "anything anyway "
    "are around as ask at away awesome awful baby back bad based be beautiful because bed been before behind being "
    "believe best bet "
    "better between beyond big biography biopic bit black blood blow blue body bond book boring born both box boy boys "
    "brand break "
    "bride bring brother brothers brown but by bye call called came can cannot cant car care cartoon cast cat catch "
    "certain chance "
    "change changed check cheers chef chick child children choice choose christmas cinema city classic close club "
    "coach cold color "
    "come comedies comedy comes coming cool corner could couple crash crazy cream crime cross cry cruel cut cute dad "
    "damn dance dark "
    "date daughter day days dead deal dear death deep definitely did didnt different dinner directed director "
    "directors dirty do "
    "documentary does doesnt dog dogs doing done dont door down drama dramas dream dreams drive driver drop dude "
    "during each early "
    "east easy eighties either else empty end ending enemy enjoy enjoyed enough era erm escape even evening ever every "
    "everyone "
    "everything evil exactly excellent except eye eyes face fact fair family famous fan fancy fantastic fantasy far "
    "fast father "
    "favorite favourite fear feature feel feeling few fifties fight fighter film films final find fine fire first five "
    "fly focus food "
    "for forever forget forties found four fox frank freak free fresh friday friend friends from front full fun funny "
    "future game "
    "games gangster garden gave genre genres get ghost ghosts giant girl girls give glad glass glory go god goes going "
    "gold gone good "
    "goodbye got grand grant great green guess guest guilty gun guy guys hall ham hand hanks happen happy hard has "
    "hate hated have "
    "havent having he head hear heard heart hearts heat hell hello help her here hero heroes hes hey hi hidden high "
    "hill him his "
    "history hit hmm hold holiday home honest hope horror hot hour hours house how huge human hunt hunter hurt husband "
    "i ice idea "
    "idk if ill im important in indie instead interested interesting interview into is island isnt it its ive job "
    "joker joy judge "
    "june just keep kept kid kidding kids kill killer kind king kiss knew know known kong lady large last late later "
    "laugh law lead "
    "leading leave left legend less let lets letter life light like liked likes line list little live lives lol long "
    "look looking "
    "looks lord lost lot lots loud love loved lovely lover low luck lucky machine made magic main make makes man many "
    "mark married "
    "mask match matter may maybe me mean medium meet memory men mercy mid middle might milk mind mine minute minutes "
    "miss mission "
    "modern mom moment money monster monsters mood moon moore more morning most mostly mother movie movies much murder "
    "music musical "
    "musicals must my mystery name named names need needs neighbors never new news next nice night nineties no nobody "
    "nope not "
    "nothing notice now number obscure of off oh ok okay old older on once one ones only open opinion or original "
    "other others our "
    "out outside over own paper part party pass past paul pay peace people perfect person phone pick picture pictures "
    "place plan "
    "plane play played player please plot point popular power prefer prefers pretty price probably proof proposal "
    "quick quiet quite "
    "rain ran random rather rating read ready real really reason recent recently recommend recommendation recommended "
    "red release "
    "released rest return rich ride right ring river road robot rock role romance romantic romcom room rose round rule "
    "run running "
    "runtime sad safe said same saw say says scared scary school sci science score scream sea search second secret see "
    "seems seen "
    "send serious seven seventies shadow shall she shes ship shoot short should show shut sick side sign silence "
    "silent similar since "
    "single sister six sixties skip sky sleep small smart smile smith snow so soft soldier some somebody someone "
    "something son song "
    "sons soon sorry sort sound sounds space speak speed spirit sport sports spy squad stand star stars starring start "
    "state stay step "
    "still stone stop storm story straight strange stranger street strong stuff stupid style such suggest suggestion "
    "suggestions "
    "suit summer sun super superhero supposed sure surprise suspense sweet table take taken tale talk tall taste taxi "
    "tell ten tense "
    "terrible test than thank thanks that thats the their them then there theres these they theyre thing things think "
    "third thirties "
    "this those though thought thousand three thriller thrillers through thx ticket time times tired title to today "
    "together told "
    "tom tomorrow tonight too took top total touch town toy train trial trick tried trip trouble true trust try trying "
    "turn twenties "
    "twin twins two type ugly um under unknown unless until up upon us use used usual version very vibe view visit "
    "voice wait walk "
    "wall want wanted war warm was wasnt watch watched watching water way we wed week weekend weird welcome well went "
    "were west western "
    "westerns what whatever whats when where which while white who whole why wild will win winter wish with without "
    "witness woman "
    "women wonder wonderful wont wood word words work works world worst worth would wow write writer written wrong "
    "yeah year years "
    "yellow yep yes yesterday yet you young your youre youve zero zombie zombies";

constexpr std::string_view kNicknames =
    "abe abraham al albert alex alexander andy andrew arnie arnold barb barbara ben benjamin bert albert beth "
    "elizabeth bill william "
    "billy william bob robert bobby robert brad bradley cate catherine charlie charles chris christopher chuck charles "
    "dan daniel "
    "danny daniel dave david dick richard don donald ed edward eddie edward ethan ethan fran frances frank francis "
    "fred frederick "
    "gabe gabriel gene eugene greg gregory hank henry harry harold jack john jackie jacqueline jake jacob jeff jeffrey "
    "jen jennifer "
    "jenny jennifer jerry gerald jess jessica jim james jimmy james joe joseph joey joseph johnny john jon jonathan "
    "josh joshua kate "
    "katherine katie katherine ken kenneth larry lawrence leo leonardo liz elizabeth maggie margaret mandy amanda "
    "marty martin matt "
    "matthew max maximilian meg margaret mel melvin mike michael mick michael nat natalie nick nicholas nicky nicholas "
    "norm norman "
    "pat patrick pete peter phil philip rob robert robbie robert ron ronald sam samuel sammy samuel sandy sandra "
    "scarjo scarlett "
    "sean sean sly sylvester stan stanley steve steven steph stephanie sue susan ted theodore terry terence tim "
    "timothy tom thomas "
    "tommy thomas tony anthony val valentine vicky victoria vince vincent viv vivian walt walter wes wesley will "
    "william woody woody "
    "zach zachary";

std::unordered_set<std::string> words_of(std::string_view text) {
  std::unordered_set<std::string> words;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    words.emplace(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

}  // namespace

bool is_common_word(std::string_view folded) {
  static const std::unordered_set<std::string> words = words_of(kWords);
  return words.contains(std::string(folded));
}

std::string_view full_given_name(std::string_view nickname) {
  static const std::unordered_map<std::string_view, std::string_view> names = [] {
    std::unordered_map<std::string_view, std::string_view> map;
    for (std::size_t begin = 0; begin < kNicknames.size();) {
      const std::size_t middle = kNicknames.find(' ', begin),
                        end = std::min(kNicknames.find(' ', middle + 1), kNicknames.size());
      map.emplace(kNicknames.substr(begin, middle - begin), kNicknames.substr(middle + 1, end - middle - 1));
      begin = end + 1;
    }
    return map;
  }();
  const auto found = names.find(nickname);
  return found == names.end() ? std::string_view() : found->second;
}

}  // namespace matinee
