//! The words by which pages name their parts, in many languages; lower case, ASCII, as they stand
//! in class names and ids. Compounds of two listed words are found without being listed.

use super::cue::Cues;

/// Words, parted by spaces, and what they say.
pub(super) const WORDS: &[(Cues, &str)] = &[
    (
        Cues::NAV,
        "nav navi navbar navigation navigacia navigacija navigace navigering navegacion navegacao \
         navigazione nawigacja navigointi menu menus menue menubar submenu dropdown breadcrumb \
         breadcrumbs crumbs brotkrumen brotkrumel miettes migas pagination paginator paginacja \
         paginacion paging pager pagenav skiplink skiplinks skip jump sitemap tabs tabbar \
         hamburger megamenu navlinks prevnext adjacent pagecount",
    ),
    (
        Cues::TOP,
        "masthead topbar banner siteheader pageheader logo kopfzeile cabecera cabecalho testata \
         toolbar topnav branding",
    ),
    (
        Cues::FOOT,
        "footer foot footnav colophon impressum imprint fusszeile fuss pied piepagina rodape \
         stopka zapati paticka jalus alatunniste bottombar copyright disclaimer legal legalnotice",
    ),
    (
        Cues::SIDE,
        "sidebar sidebars aside asides rail rightrail leftrail seitenleiste barralateral lateral \
         complementary widgetarea marginalia randspalte zijbalk sidofalt sidepanel flyout sticky \
         infobox infokasten",
    ),
    (
        Cues::COMMENT,
        "comment comments commentlist commentary commenting kommentar kommentare kommentarer \
         kommentaar kommentid commentaire commentaires comentario comentarios comentaris commento \
         commenti komentarz komentarze komentare komentar komentari komentarai komentari reacties \
         reactie kommentit kommentti hozzaszolas hozzaszolasok yorum yorumlar disqus respond \
         reply replies guestbook leserkommentare opiniones diskussion leserbriefe coments iruzkinak",
    ),
    (
        Cues::SHARE,
        "share sharing shares shared sharebar sharethis shareaholic addthis addtoany sociable \
         social socials socialmedia socialbar teilen partager partage compartir compartilhar \
         comparteix condividi condivisione udostepnij sdilet zdielat deel delen dela dele jaa \
         megosztas paylas facebook twitter whatsapp telegram pinterest linkedin instagram tweet \
         jiathis sharedaddy follow folgen bookmark",
    ),
    (
        Cues::RELATED,
        "related relateds recommend recommended recommendation recommendations recirc \
         recirculation similar suggested suggestions teaser teasers promo promos promobox \
         readmore readalso alsoread seealso morenews moreon morefrom morestories nextpost prevpost \
         trending popular mostread mostpopular latest outbrain taboola plista zergnet verwandt \
         verwandte aehnlich aehnliche empfehlung empfehlungen meistgelesen weiterlesen \
         weitere relacionado relacionados relacionada relacionadas relacionats correlati correlate \
         associes similaires lireaussi articleslies liees polecane podobne powiazane souvisejici \
         suvisiace podobne gerelateerd gerelateerde relaterat relaterede relaterte relaterad \
         kapcsolodo ajanlo susijusios seotud lisaks povezano slicno srodni ilgili benzer \
         relatedcontent jetpack yarpp crp srp interlinking crosslink crosslinks onward topstories \
         alsolike youmaylike upnext newsfeed headlines linklist linkbox toplist feedlist carousel slider",
    ),
    (
        Cues::AD,
        "ad ads adv adbox adslot adunit advert adverts advertisement advertising advertise \
         adcontainer adwrapper adsense adplacement anzeige anzeigen werbung werbebox publicidad \
         publicidade publicite publi pubblicita reklama reklame reklam reklaam mainos mainokset \
         annons annonse annonce advertentie sponsor sponsored sponsors sponsoren gesponsert dfp \
         gpt affiliate commercial oglas oglasi hirdetes promotion promoted billboard leaderboard \
         skyscraper mrec adtag publicitat reclame adhesion",
    ),
    (
        Cues::COOKIE,
        "cookie cookies consent gdpr dsgvo rgpd cookiebar cookiebanner cookienotice ccpa onetrust \
         didomi usercentrics cookiebot cookielaw cookiehinweis einwilligung",
    ),
    (
        Cues::CONSENT,
        "cmp datenschutz privacy privacidad popup popin modal overlay \
         lightbox interstitial tooltip toast backdrop",
    ),
    (
        Cues::ABOUT,
        "meta metadata byline dateline date datum fecha timestamp \
         published pubdate publishdate postdate keywords tag tags taglist tagcloud schlagworte \
         schlagwort etiquetas etiquetes etiquettes tagi categories category kategorie kategorien \
         categorie rubrik postmeta entrymeta postedon posted readtime readingtime reading lesezeit info infos details source sources",
    ),
    (
        Cues::AUTHOR,
        "author authors autor autoren auteur auteurs autore autori autorzy autorka redakteur \
         szerzo forfatter forfattare kirjoittaja yazar autora autores verfasser byauthor authorbox \
         bio biography vcard contributor contributors sabox",
    ),
    (
        Cues::CAPTION,
        "caption captions legende bildunterschrift bildtext imagecaption figcaption wpcaption \
         photocredit credit credits imagecredit bildnachweis pie leyenda didascalia podpis \
         popisek kuvateksti bildbeschreibung",
    ),
    (
        Cues::PICTURE,
        "image images photo photos img picture pictures foto fotos bild bilder imagen imagens immagine \
         immagini zdjecie zdjecia obrazek obrazky kep slika slike kuva bilde billede afbeelding resim \
         fotografia fotka nuotrauka pilt attels",
    ),
    (
        Cues::SUBSCRIBE,
        "newsletter newsletters nieuwsbrief subscribe subscription subscriptions subscriber signup \
         signin login logout anmelden anmeldung registrieren register registration abo abonnieren \
         abonnement abonnez suscribete suscripcion suscribirse inscription iscriviti mailchimp \
         mailinglist optin paywall metered piano regwall donate donation spenden donacion \
         unsubscribe prenumerera prenumerata predplatne account cta",
    ),
    (
        Cues::CONTROL,
        "button buttons btn search searchbox suche buscar buscador recherche ricerca szukaj \
         hledat zoeken sok haku player videoplayer audioplayer controls rating ratings vote \
         voting votes poll quiz survey umfrage feedback contactform captcha",
    ),
    (
        Cues::WIDGET,
        "widget widgets print printfriendly drucken imprimir imprimer stampa drukuj vorlesen \
         readspeaker speech listen translate fontsize textsize gallery galerie galeria galleria \
         slideshow thumbs thumbnails weather wetter horoscope ticker marquee",
    ),
    (
        Cues::SUBJECT,
        "article articles articulo artigo articolo artikel artykul artiklen artikkel artikkeli \
         artiklid artikl clanek clanok clanak straipsnis raksts cikk haber yazi vijest vest \
         story post posts entry news blog blogpost nota noticia noticias notizia nieuws nyhet \
         uutinen novost wpis beitrag beitrags prispevek bericht single detail newstext pagina \
         recipe review document doc wiki mw topic",
    ),
    (
        Cues::INSIDE,
        "body content contents text texto texte testo tekst tekstas teksts tekst copy inhalt \
         inhalte contenido contenu contenuto conteudo contingut tresc obsah innhold indhold \
         innehall sisalto tartalom sadrzaj vsebina sisu saturs turinys icerik paragraph \
         paragraphs richtext rte prose fulltext longtext bodytext bodycopy haupttext cuerpo corpo \
         corps szoveg tekstur brodtext brodtekst mengentext fliesstext parser",
    ),
    (
        Cues::CONTENT,
        "articlebody articletext articlecontent storybody storytext postbody postcontent \
         entrycontent newsbody newstext hentry artikelinhalt blogcontent postarticle",
    ),
    (
        Cues::MAIN,
        "main maincontent hauptinhalt principal primary mainbody haupt hauptteil",
    ),
    (Cues::CANCEL, "has with without no not non"),
    (
        Cues::TITLE,
        "title titel titre titulo titolo titulek headline hed heading ueberschrift",
    ),
    (
        Cues::LEAD,
        "lead lede intro introduction vorspann teaser teasertext standfirst summary chapo chapeau excerpt \
         preface preamble description shortinfo prologue prolog einleitung anriss unterzeile dachzeile strapline \
         subheadline subheading secondarytitle entradilla copete sumario antetitulo lid zajawka leadtext \
         ingres manchet resume kicker sinopsis resumen ozet spot anons johdanto \
         bajada sommario ingress deck dek subtitle subtitles subtitulo perex bevezeto occhiello catenaccio",
    ),
    (
        Cues::LIST,
        "list liste lista listing archive archives grid cards feed items loop",
    ),
];

/// Whole names of elements that are not shown, or to screen readers alone.
pub(super) const HIDDEN_NAMES: &[&str] = &[
    "hidden",
    "is-hidden",
    "u-hidden",
    "hide",
    "invisible",
    "is-invisible",
    "visually-hidden",
    "visuallyhidden",
    "u-visually-hidden",
    "is-visually-hidden",
    "element-invisible",
    "screen-reader-text",
    "screen-reader-only",
    "screenreader-only",
    "screenreader",
    "sr-only",
    "show-for-sr",
    "d-none",
    "unsichtbar",
    "versteckt",
    "oculto",
    "noscreen",
    "print-only",
    "only-print",
];

/// Whole names of elements that are left out when a page is printed.
pub(super) const UNPRINTED_NAMES: &[&str] = &[
    "noprint",
    "no-print",
    "dontprint",
    "d-print-none",
    "hidden-print",
    "print-hidden",
];

/// Ends of names that show at some width what another name hides.
pub(super) const SHOWN_ENDS: &[&str] = &["block", "flex", "inline", "grid", "visible", "table"];
